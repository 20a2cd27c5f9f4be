//! The machine-readable formats of `bert check`, each read back by a library that knows it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bert_testkit::Folder;
use common::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_sarif::sarif::{ResultLevel, Sarif};

/// A checkpoint with an error, a warning and a note, in a folder whose name needs escaping.
fn check(format: &str) -> (String, Option<i32>) {
    let folder = Folder::copy("tiny/seq-gamma-beta");
    folder.config("label2id", serde_json::json!({"angry": 0, "calm": 1}));
    folder.config("my <notes> & \"%\"\u{7}", serde_json::json!(1));
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("a b,c:d%");
    std::fs::rename(folder.path(), &path).unwrap();
    let output = command_in(outer.path(), &["check", "a b,c:d%", "--format", format]).output().unwrap();
    // The temporary folder moved; give it back so that dropping it finds something to delete.
    std::fs::rename(&path, folder.path()).unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn sarif_is_sarif() {
    let (text, code) = check("sarif");
    assert_eq!(code, Some(1));
    let sarif: Sarif = serde_json::from_str(&text).unwrap();
    assert_eq!(
        serde_json::to_value(&sarif).unwrap(),
        serde_json::from_str::<serde_json::Value>(&text).unwrap(),
        "nothing is unknown to the schema"
    );
    let run = &sarif.runs[0];
    let rules = run.tool.driver.rules.as_ref().unwrap();
    assert_eq!(rules.len(), bert_diag::Code::all().len());
    let results = run.results.as_ref().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        assert_eq!(rules[result.rule_index.unwrap() as usize].id, *result.rule_id.as_ref().unwrap());
        let location = result.locations.as_ref().unwrap()[0].physical_location.as_ref().unwrap();
        let uri = location.artifact_location.as_ref().unwrap().uri.as_ref().unwrap();
        assert!(uri.starts_with("a%20b%2Cc%3Ad%25/"), "{uri}");
    }
    let error = results.iter().find(|r| r.level == Some(ResultLevel::Error)).unwrap();
    assert_eq!(error.rule_id.as_deref(), Some("C012"));
    assert_eq!(error.related_locations.as_ref().unwrap().len(), 1);
}

#[test]
fn github_commands_are_one_line_each_with_escaped_properties() {
    let (text, code) = check("github");
    assert_eq!((text.lines().count(), code), (3, Some(1)));
    for line in text.lines() {
        let (properties, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (command, properties) = properties.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&command));
        let keys: Vec<_> = properties.split(',').map(|p| p.split_once('=').unwrap().0).collect();
        assert!(keys == ["file", "line", "col", "title"] || keys == ["file", "title"], "{line}");
        assert!(properties.starts_with("file=a b%2Cc%3Ad%25/"), "{line}");
        assert!(!message.is_empty());
    }
    assert!(text.contains("::error ") && text.contains("::warning ") && text.contains("::notice "));
}

#[test]
fn junit_is_xml_with_a_case_a_finding() {
    let (text, _) = check("junit");
    let mut reader = Reader::from_str(&text);
    let (mut cases, mut failures, mut depth) = (0, 0, 0i32);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                depth += 1;
                tag.attributes()
                    .for_each(|a| drop(a.unwrap().normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap()));
                cases += usize::from(tag.name().as_ref() == "testcase");
                failures += usize::from(tag.name().as_ref() == "failure");
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((cases, failures, depth), (3, 1, 0));
    assert!(text.contains("tests=\"3\" failures=\"1\""), "{text}");
}
