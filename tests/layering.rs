//! Who may import whom: reads the `use crate::` lines and paths of every source file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules that each module may name, besides itself.
const MAY: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("diagnostic", &["source", "limits"]),
    ("clock", &[]),
    ("seed", &[]),
    ("limits", &[]),
    ("files", &["diagnostic", "limits", "source"]),
    ("http", &["clock"]),
    ("tree", &[]),
    ("contract", &["source", "diagnostic", "limits", "tree", "wire"]),
    ("wire", &["http", "limits", "clock", "seed", "tree"]),
    ("credential", &["diagnostic", "wire"]),
    ("case", &["source", "diagnostic", "limits", "contract", "wire", "http"]),
    ("load", &["source", "diagnostic", "limits", "files", "contract", "wire", "case"]),
    ("check", &["source", "clock", "limits", "http", "tree", "wire", "contract", "case"]),
    ("transport", &["clock", "limits", "http", "wire", "seed"]),
    ("server", &["clock", "seed", "limits", "http", "wire"]),
    ("run", &["clock", "seed", "limits", "http", "tree", "wire", "contract", "case", "check", "transport"]),
    ("reference", &["clock", "seed", "wire", "contract", "transport", "run", "server"]),
    ("rehearsal", &["clock", "seed", "contract", "case", "check", "transport", "run", "server", "reference"]),
    ("selftest", &["clock", "seed", "contract", "case", "check", "run", "server", "reference", "rehearsal"]),
    (
        "fuzz",
        &[
            "source",
            "diagnostic",
            "clock",
            "seed",
            "limits",
            "http",
            "contract",
            "wire",
            "case",
            "load",
            "check",
            "transport",
            "run",
            "report",
            "reference",
            "rehearsal",
        ],
    ),
    ("report", &["source", "diagnostic", "limits", "http", "tree", "wire", "contract", "case", "check"]),
    (
        "cli",
        &[
            "source",
            "diagnostic",
            "clock",
            "seed",
            "limits",
            "files",
            "http",
            "contract",
            "credential",
            "wire",
            "case",
            "load",
            "check",
            "transport",
            "run",
            "report",
            "server",
            "reference",
            "rehearsal",
            "selftest",
            "fuzz",
        ],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The modules that a text names after `crate::`, tests and comments left out.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("");
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut names = BTreeSet::new();
    for line in lines {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let members = group.split(['}', ';']).next().unwrap_or("").split(',');
                names.extend(members.map(|member| member.trim().split("::").next().unwrap_or("").to_owned()));
            } else {
                names.insert(rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect());
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Whether the module beside it declares the file for tests alone.
fn is_test_module(file: &Path) -> bool {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let parent = file.with_file_name("mod.rs");
    let text = std::fs::read_to_string(parent).unwrap_or_default();
    text.contains(&format!("#[cfg(test)]\nmod {name};"))
}

fn imports() -> BTreeMap<String, BTreeMap<String, PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut imports: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        if first == "lib" || first == "main" || is_test_module(&file) {
            continue;
        }
        for name in named(&std::fs::read_to_string(&file).unwrap()) {
            if name != first {
                imports.entry(first.clone()).or_default().insert(name, file.clone());
            }
        }
    }
    imports
}

#[test]
fn modules_import_only_what_lies_below_them() {
    let imports = imports();
    assert!(imports.len() > 8, "the sources were not read");
    for (module, names) in &imports {
        let may = MAY.iter().find(|(name, _)| name == module).unwrap_or_else(|| panic!("`{module}` has no row")).1;
        for (name, file) in names {
            assert!(may.contains(&name.as_str()), "{} imports `{name}`: {module} may not", file.display());
        }
    }
}

#[test]
fn server_and_check_share_only_http_and_wire_of_all_that_knows_the_contract() {
    let imports = imports();
    let server: BTreeSet<&String> = imports["server"].keys().collect();
    let check: BTreeSet<&String> = imports["check"].keys().collect();
    let shared: BTreeSet<&str> = server.intersection(&check).map(|name| name.as_str()).collect();
    assert!(shared.is_subset(&BTreeSet::from(["http", "wire", "clock", "limits"])), "{shared:?}");
    for forbidden in ["contract", "case", "check", "load"] {
        assert!(!imports["server"].contains_key(forbidden), "server knows {forbidden}");
    }
    assert!(!imports["report"].contains_key("run"));
}
