//! JUnit XML: a suite a checkpoint, a case a finding; errors are failures, the rest is output of passed cases.

use std::io;
use std::path::Path;

use bert_diag::{Finding, Report, Severity};
use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::concise;

type Xml = Writer<Vec<u8>>;

/// The document.
pub(crate) fn junit(reports: &[(&Path, &Report)]) -> io::Result<String> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let total: usize = reports.iter().map(|(_, r)| r.findings().len().max(1)).sum();
    let failures: usize = reports.iter().map(|(_, r)| r.count(Severity::Error)).sum();
    xml.create_element("testsuites")
        .with_attributes([("name", "bert check"), ("tests", &*total.to_string()), ("failures", &*failures.to_string())])
        .write_inner_content(|xml| reports.iter().try_for_each(|(path, report)| suite(xml, path, report)))?;
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", String::from_utf8_lossy(&xml.into_inner())))
}

fn suite(xml: &mut Xml, path: &Path, report: &Report) -> io::Result<()> {
    let name = legal(&path.display().to_string());
    let tests = report.findings().len().max(1).to_string();
    let failures = report.count(Severity::Error).to_string();
    xml.create_element("testsuite")
        .with_attributes([("name", &*name), ("tests", &*tests), ("failures", &*failures)])
        .write_inner_content(|xml| {
        if report.findings().is_empty() {
            xml.create_element("testcase").with_attributes([("classname", &*name), ("name", "clean")]).write_empty()?;
        }
        report.findings().iter().try_for_each(|finding| case(xml, path, finding))
    })?;
    Ok(())
}

fn case(xml: &mut Xml, path: &Path, finding: &Finding) -> io::Result<()> {
    let class = legal(&path.display().to_string());
    let name = format!("{} {}", finding.code, finding.code.name());
    let details: Vec<&str> =
        finding.notes.iter().chain(finding.fixes.iter().map(|f| &f.title)).map(String::as_str).collect();
    let text = legal(&format!("{}\n{}", concise(finding, path), details.join("\n")));
    xml.create_element("testcase").with_attributes([("classname", &*class), ("name", &*name)]).write_inner_content(
        |xml| {
            let element = match finding.severity {
                Severity::Error => xml.create_element("failure").with_attribute(("message", &*legal(&finding.message))),
                _ => xml.create_element("system-out"),
            };
            element.write_text_content(BytesText::new(&text)).map(|_| ())
        },
    )?;
    Ok(())
}

/// XML 1.0 has no control characters but tab and line ends.
fn legal(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\t' | '\n') { '\u{fffd}' } else { c }).collect()
}
