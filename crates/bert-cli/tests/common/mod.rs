//! The binary `bert`, run as a user would, and what the tests of all commands share.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(dead_code, reason = "every test binary uses some of it")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use bert_testkit::{Folder, fixtures};
use serde_json::Value;

/// `bert` with arguments, in the folder of the fixtures.
pub fn command(args: &[&str]) -> Command {
    command_in(&fixtures(), args)
}

/// `bert` with arguments, in a folder.
pub fn command_in(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bert"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

pub fn bert(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

/// Runs `bert` in a checkpoint's folder.
pub fn bert_in(folder: &Folder, args: &[&str]) -> Output {
    command_in(folder.path(), args).output().unwrap()
}

pub fn piped(args: &[&str], input: &[u8]) -> Output {
    let mut child = command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// What a run printed that must have ended with 0.
pub fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The records of a run that must have ended with 0.
pub fn rows(output: &Output) -> Vec<Value> {
    lines(&stdout(output))
}

/// JSON Lines.
pub fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// The names of a record's fields, in order.
pub fn keys(record: &Value) -> Vec<&str> {
    record.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Outputs of the reference.
pub fn golden(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixtures().join(format!("golden/{name}.json"))).unwrap()).unwrap()
}

/// A folder for files of a test.
pub struct Scratch(pub tempfile::TempDir);

impl Scratch {
    pub fn new() -> Self {
        Scratch(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self.path(name)
    }

    pub fn names(&self) -> Vec<String> {
        std::fs::read_dir(self.0.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}
