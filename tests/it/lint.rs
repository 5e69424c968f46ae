//! `endspec lint`: files without a network.

use std::fs;

use tempfile::tempdir;

use crate::{endspec, endspec_in};

#[test]
fn the_built_in_cases_have_no_mistake() {
    endspec(&["lint"]).ends(0).says(&["files checked against revision 2025-04-25: no mistake"]);
    endspec(&["lint", "--contract", "2026-06-18"]).ends(0).says(&["revision 2026-06-18"]);
}

#[test]
fn the_schemas_of_this_repository_have_no_mistake() {
    let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/");
    for name in ["report.schema.json", "2025-04-25/Error.json", "2025-04-25/EndTerminalSession.success.json"] {
        endspec(&["lint", &format!("{schemas}{name}")]).ends(0).says(&["1 file checked"]);
    }
}

#[test]
fn a_schema_with_an_unknown_keyword_is_told_with_the_one_that_was_meant() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.json");
    fs::write(&path, "{\n  \"type\": \"object\",\n  \"requierd\": [\"a\"],\n  \"minlength\": 1\n}\n").unwrap();
    let words = ["error[unknown-keyword]", "a.json:3:3", "did you mean `required`?", "a.json:4:3", "`minLength`"];
    endspec(&["lint", path.to_str().unwrap()]).ends(2).complains(&words);
    fs::write(&path, "{ \"type\": }").unwrap();
    endspec(&["lint", path.to_str().unwrap()]).ends(2).complains(&["error[json-syntax]", "a.json:1:11"]);
}

#[test]
fn cases_schemas_and_profiles_are_checked_together() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("a.yaml"), "clauses: [end/nothing]\nsteps: [{ call: EndTerminalSession }]\n").unwrap();
    fs::write(at("b.json"), "{ \"typ\": \"object\" }").unwrap();
    fs::write(at("endspec.yaml"), "jbos: 4\n").unwrap();
    let done = endspec(&["lint", &at("a.yaml"), &at("b.json"), &at("endspec.yaml")]).ends(2);
    done.complains(&["a.yaml:1:", "b.json:1:3", "endspec.yaml:1:1", "did you mean `jobs`?"]);
    endspec_in(folder.path(), &[], &["lint"]).ends(2).complains(&["endspec.yaml:1:1", "did you mean `jobs`?"]);
}
