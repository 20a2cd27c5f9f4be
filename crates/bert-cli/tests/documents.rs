#![allow(clippy::panic)]
//! The commands shown in the documents, run in the repository's root; what they print is what the documents say.

#[test]
fn commands_print_what_the_documents_show() {
    let root = bert_testkit::fixtures().join("..");
    std::env::set_current_dir(root).unwrap_or_else(|e| panic!("the root: {e}"));
    trycmd::TestCases::new()
        .register_bin("bert", std::path::Path::new(env!("CARGO_BIN_EXE_bert")))
        .case("README.md")
        .case("docs/guide.md")
        .run();
}
