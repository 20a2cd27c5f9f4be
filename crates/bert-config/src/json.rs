//! Writing a configuration.

use crate::fields::{Effect, FIELDS};
use crate::value::json_string;
use crate::{Activation, BertConfig, LabelsFrom};

impl BertConfig {
    /// The configuration as JSON that transformers reads: every field of the table, the label maps unless they are the
    /// default two, and the fields that were kept unread; keys sorted.
    pub fn to_json(&self) -> String {
        let mut members: Vec<(String, String)> = FIELDS.iter().map(|f| (f.name.to_string(), (f.json)(self))).collect();
        members.retain(|(name, value)| !(value == "null" && matches!(name.as_str(), "dtype" | "problem_type")));
        if self.labels.from() != LabelsFrom::Default {
            let names = self.labels.names();
            let ids: Vec<_> =
                names.iter().enumerate().map(|(i, n)| format!("\n    \"{i}\": {}", json_string(n))).collect();
            let mut back: Vec<_> = names.iter().enumerate().collect();
            back.sort_by_key(|(_, name)| *name);
            let back: Vec<_> = back.into_iter().map(|(i, n)| format!("\n    {}: {i}", json_string(n))).collect();
            members.push(("id2label".into(), format!("{{{}\n  }}", ids.join(","))));
            members.push(("label2id".into(), format!("{{{}\n  }}", back.join(","))));
        }
        members.extend(self.others.iter().map(|(k, v)| (k.clone(), v.clone())));
        members.sort();
        let lines: Vec<_> = members.iter().map(|(k, v)| format!("  {}: {v}", json_string(k))).collect();
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }

    /// A text that is the same for two configurations when they make the same model of the same tensors: every field that
    /// bears on the outputs, and the labels.
    pub fn identity(&self) -> String {
        let fields = FIELDS
            .iter()
            .filter(|f| f.effect == Effect::Inference && !matches!(f.name, "architectures" | "model_type"));
        let mut text: String = fields.map(|f| format!("{}\t{}\n", f.name, (f.json)(self))).collect();
        for (id, name) in self.labels.names().iter().enumerate() {
            text.push_str(&format!("label {id}\t{}\n", json_string(name)));
        }
        text
    }

    /// The value of any field as JSON text: those of the table, `num_labels`, `id2label.N`, and fields kept unread.
    pub fn field_json(&self, field: &str) -> Option<String> {
        if field == "num_labels" {
            return Some(self.labels.len().to_string());
        }
        if let Some(id) = field.strip_prefix("id2label.") {
            return self.labels.name(id.parse().ok()?).map(json_string);
        }
        if let Some(name) = field.strip_prefix("label2id.") {
            return self.labels.id(name).map(|id| id.to_string());
        }
        let name = if field == "torch_dtype" { "dtype" } else { field };
        match FIELDS.iter().find(|f| f.name == name) {
            Some(row) => Some((row.json)(self)),
            None => self.others.get(field).cloned(),
        }
    }

    /// Whether a field of the table, or `num_labels`, has this value; words may be given without quotes, and names of
    /// the same activation are equal. `None` for a field that is not there.
    pub fn field_equals(&self, field: &str, value: &str) -> Option<bool> {
        let actual = self.field_json(field)?;
        if field == "hidden_act" {
            return Some(Activation::from_name(value.trim_matches('"')) == Some(self.hidden_act));
        }
        if actual == value || actual == json_string(value) {
            return Some(true);
        }
        let numbers = actual.parse::<f64>().ok().zip(value.parse::<f64>().ok());
        Some(numbers.is_some_and(|(a, b)| a == b))
    }
}
