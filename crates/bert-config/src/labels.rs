//! Names of a classifier's outputs: `id2label`, `label2id` and `num_labels` reconciled.

use std::collections::BTreeMap;

use bert_diag::{Code, Finding, Fix, Report, Source, counted, listed, quoted};
use bert_json::{Member, Value};

use crate::read::{as_witness, key_span, label_name, value_span};
use crate::value::json_string;

/// Which field the names come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelsFrom {
    /// `id2label`
    Id2Label,
    /// `label2id`, `id2label` being absent.
    Label2Id,
    /// `num_labels`, both maps being absent: `LABEL_0` and so on.
    NumLabels,
    /// Nothing: the reference's two labels `LABEL_0`, `LABEL_1`.
    Default,
}

/// The names of the outputs, in order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    names: Vec<String>,
    from: LabelsFrom,
}

impl Default for Labels {
    fn default() -> Self {
        Labels::generic(2, LabelsFrom::Default)
    }
}

impl Labels {
    /// Labels with these names.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Labels { names: names.into_iter().map(Into::into).collect(), from: LabelsFrom::Id2Label }
    }

    fn generic(count: usize, from: LabelsFrom) -> Self {
        Labels { names: (0..count).map(|i| format!("LABEL_{i}")).collect(), from }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none (never so for labels read from a sound file).
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All names; the index is the id.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of an id.
    pub fn name(&self, id: usize) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    /// The id of a name.
    pub fn id(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// Where the names come from.
    pub fn from(&self) -> LabelsFrom {
        self.from
    }

    /// Whether the names are the reference's placeholders.
    pub fn are_generic(&self) -> bool {
        self.names.iter().enumerate().all(|(i, n)| *n == format!("LABEL_{i}"))
    }
}

/// No model has more labels than words; a count beyond is refused before names are made for it.
const MAX_LABELS: u64 = 1 << 20;

/// Reads the three fields, reporting every contradiction. `None` when the labels cannot be told.
pub(crate) fn read(root: &Value, source: &Source, report: &mut Report) -> Option<Labels> {
    let member = |key: &str| root.member(key).filter(|m| !m.value.is_null());
    let before = report.findings().len();
    let ids = member("id2label").map(|m| (m, read_id2label(m, source, report)));
    let names = member("label2id").map(|m| (m, read_label2id(m, source, report)));
    let labels = match (&ids, &names) {
        (Some((_, read)), _) => read.clone().map(|names| Labels { names, from: LabelsFrom::Id2Label }),
        (None, Some((m, read))) => from_label2id(m, read.as_ref()?, source, report),
        (None, None) => read_count(member("num_labels"), source, report),
    };
    if let (Some((ids, Some(a))), Some((names, Some(b)))) = (&ids, &names) {
        compare_maps(ids, a, names, b, source, report);
    }
    if let Some(labels) = &labels {
        for key in ["num_labels", "_num_labels"] {
            if let Some(m) = member(key) {
                compare_count(m, labels, source, report);
            }
        }
    }
    let broken = report.findings().iter().skip(before).any(|f| f.severity == bert_diag::Severity::Error);
    labels.filter(|_| !broken)
}

fn read_id2label(member: &Member, source: &Source, report: &mut Report) -> Option<Vec<String>> {
    let Some(entries) = member.value.as_object() else {
        report.push(map_type(member, "`id2label` must be an object from ids to names", source));
        return None;
    };
    let malformed = |message: String, at| Finding::new(Code::C013, message).span(at);
    if entries.is_empty() {
        report.push(
            malformed("`id2label` has no entries".into(), value_span(source, member, "no label at all"))
                .help("write one entry for each output of the classifier, or delete the field for the default two"),
        );
        return None;
    }
    let (mut by_id, mut ok) = (BTreeMap::new(), true);
    for entry in entries {
        let at = |label: &str| {
            bert_diag::Span::primary(source, entry.key_range.clone(), label)
                .at_pointer(bert_json::pointer_to("/id2label", &entry.key))
        };
        let Ok(id) = entry.key.parse::<usize>() else {
            report.push(
                malformed(
                    format!("`id2label` has the key {}, which is not a label id", quoted(&entry.key)),
                    at("not a whole number"),
                )
                .note("keys are ids written as strings: \"0\", \"1\", ...")
                .help("if keys and values were swapped, this is `label2id`"),
            );
            ok = false;
            continue;
        };
        let Some(name) = label_name(&entry.value) else {
            report.push(
                Finding::new(Code::C007, format!("the name of label {id} is {}, not a string", entry.value.describe()))
                    .span(bert_diag::Span::primary(source, entry.value.range.clone(), "expected a string")),
            );
            ok = false;
            continue;
        };
        if by_id.insert(id, (name, entry)).is_some() {
            report
                .push(malformed(format!("`id2label` names id {id} twice"), at("again")).help("delete the wrong entry"));
            ok = false;
        }
    }
    // An entry that could not be read would show again as a gap.
    ok = ok && check_gap(&by_id, member, source, report);
    ok &= check_names(&by_id, source, report);
    ok.then(|| by_id.into_values().map(|(name, _)| name).collect())
}

fn check_gap(
    by_id: &BTreeMap<usize, (String, &Member)>,
    member: &Member,
    source: &Source,
    report: &mut Report,
) -> bool {
    let Some((expected, _)) = by_id.keys().enumerate().find(|(i, id)| i != *id) else { return true };
    let ids = listed(by_id.keys().map(ToString::to_string), 12);
    report.push(
        Finding::new(Code::C013, format!("`id2label` has no entry for id {expected}"))
            .span(key_span(source, member, format!("ids {ids}")))
            .note(format!(
                "{}, so the ids must be 0..={}",
                match by_id.len() {
                    1 => "1 entry".to_string(),
                    n => format!("{n} entries"),
                },
                by_id.len() - 1
            ))
            .help(format!("add the name of id {expected}, or renumber the entries")),
    );
    false
}

fn check_names(by_id: &BTreeMap<usize, (String, &Member)>, source: &Source, report: &mut Report) -> bool {
    let mut first: BTreeMap<&str, (usize, &Member)> = BTreeMap::new();
    let mut ok = true;
    for (id, (name, entry)) in by_id {
        if let Some((other, earlier)) = first.get(name.as_str()) {
            report.push(
                Finding::new(Code::C014, format!("labels {other} and {id} have the same name {}", quoted(name)))
                    .span(
                        bert_diag::Span::primary(source, entry.value.range.clone(), format!("id {id}"))
                            .at_pointer(format!("/id2label/{id}")),
                    )
                    .span(bert_diag::Span::witness(source, earlier.value.range.clone(), format!("id {other}")))
                    .help("give each id its own name"),
            );
            ok = false;
        } else {
            first.insert(name, (*id, entry));
        }
    }
    ok
}

fn read_label2id(member: &Member, source: &Source, report: &mut Report) -> Option<BTreeMap<String, usize>> {
    let Some(entries) = member.value.as_object() else {
        report.push(map_type(member, "`label2id` must be an object from names to ids", source));
        return None;
    };
    let (mut map, mut ok) = (BTreeMap::new(), true);
    for entry in entries {
        let id =
            entry.value.as_u64().or_else(|| entry.value.as_str()?.parse().ok()).and_then(|id| usize::try_from(id).ok());
        match id {
            Some(id) => _ = map.insert(entry.key.clone(), id),
            None => {
                ok = false;
                report.push(
                    Finding::new(Code::C013, format!("`label2id` gives {} no whole number as id", quoted(&entry.key)))
                        .span(bert_diag::Span::primary(
                            source,
                            entry.value.range.clone(),
                            format!("is {}", entry.value.describe()),
                        ))
                        .help("if keys and values were swapped, this is `id2label`"),
                );
            }
        }
    }
    ok.then_some(map)
}

fn map_type(member: &Member, message: &str, source: &Source) -> Finding {
    Finding::new(Code::C007, message).span(value_span(source, member, format!("is {}", member.value.describe())))
}

fn from_label2id(
    member: &Member,
    map: &BTreeMap<String, usize>,
    source: &Source,
    report: &mut Report,
) -> Option<Labels> {
    let by_id: BTreeMap<usize, &String> = map.iter().map(|(name, id)| (*id, name)).collect();
    if map.is_empty() {
        return Some(Labels::default());
    }
    if by_id.len() != map.len() || by_id.keys().enumerate().any(|(i, id)| i != *id) {
        report.push(
            Finding::new(Code::C013, "`label2id` does not number its labels 0, 1, 2 ...")
                .span(key_span(source, member, format!("ids {}", listed(map.values().map(ToString::to_string), 12))))
                .help("number the labels from 0 without gap or repetition"),
        );
        return None;
    }
    report.push(
        Finding::new(Code::C031, Code::C031.summary())
            .span(key_span(source, member, counted(map.len(), "label")))
            .note(
                "the reference counts labels by `id2label` alone: it would build two outputs named LABEL_0 and LABEL_1",
            )
            .help("write `id2label` as the inverse of `label2id`"),
    );
    Some(Labels { names: by_id.into_values().cloned().collect(), from: LabelsFrom::Label2Id })
}

fn read_count(member: Option<&Member>, source: &Source, report: &mut Report) -> Option<Labels> {
    let Some(member) = member else { return Some(Labels::default()) };
    match member.value.as_u64() {
        Some(n) if (1..=MAX_LABELS).contains(&n) => Some(Labels::generic(n as usize, LabelsFrom::NumLabels)),
        _ => {
            report.push(
                Finding::new(Code::C009, format!("`num_labels` must be a whole number in 1..={MAX_LABELS}"))
                    .span(value_span(source, member, "out of range"))
                    .help("write the number of outputs of the classifier"),
            );
            None
        }
    }
}

fn compare_count(member: &Member, labels: &Labels, source: &Source, report: &mut Report) {
    if member.value.as_u64() == Some(labels.len() as u64) || labels.from == LabelsFrom::NumLabels {
        return;
    }
    let mut finding = Finding::new(
        Code::C015,
        format!("`{}` is {} but the label maps have {}", member.key, member.value.canonical(), labels.len()),
    )
    .span(value_span(source, member, format!("not {}", labels.len())))
    .note(format!("the labels are {}", listed(labels.names(), 8)))
    .help(format!("delete `{}`, or complete the maps", member.key));
    if member.key == "_num_labels" {
        // Old files carry it beside the maps, and no loader reads it any more.
        finding.severity = bert_diag::Severity::Warning;
    }
    report.push(finding);
}

fn compare_maps(
    ids: &Member,
    id2label: &[String],
    names: &Member,
    label2id: &BTreeMap<String, usize>,
    source: &Source,
    report: &mut Report,
) {
    let inverse: BTreeMap<&str, usize> = id2label.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    if label2id.is_empty()
        || (inverse.len() == label2id.len() && inverse.iter().all(|(n, i)| label2id.get(*n) == Some(i)))
    {
        return;
    }
    let mut differences = Vec::new();
    for (i, name) in id2label.iter().enumerate() {
        match label2id.get(name) {
            None => differences.push(format!("{} is absent", quoted(name))),
            Some(other) if *other != i => differences.push(format!("{} maps to {other}", quoted(name))),
            _ => {}
        }
    }
    differences.extend(
        label2id
            .keys()
            .filter(|n| !inverse.contains_key(n.as_str()))
            .map(|n| format!("{} is not in `id2label`", quoted(n))),
    );
    let entries: Vec<_> = id2label.iter().enumerate().map(|(i, n)| format!("{}: {i}", json_string(n))).collect();
    let text = format!("{{ {} }}", entries.join(", "));
    let witness = id2label.iter().enumerate().find(|(i, n)| label2id.get(*n) != Some(i));
    let label = match witness {
        Some((i, name)) => format!("{}; {} is id {i}", counted(id2label.len(), "label"), quoted(name)),
        None => counted(id2label.len(), "label"),
    };
    report.push(
        Finding::new(Code::C012, Code::C012.summary())
            .span(key_span(source, names, format!("{}; {}", counted(label2id.len(), "label"), listed(&differences, 4))))
            .span(as_witness(key_span(source, ids, label)))
            .fix(Fix::replace("derive `label2id` from `id2label`", source.file(), names.value.range.clone(), text)),
    );
}
