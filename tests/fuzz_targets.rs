//! The bodies of the fuzz targets hold for every seed, for every input that once broke one, and for drawn bytes.

use std::fs;
use std::path::{Path, PathBuf};

use endspec::fuzz::targets::ALL;
use endspec::seed::Seed;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The files of a target, in order; none where it has no folder.
fn files(kind: &str, target: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder(kind).join(target)) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs a body, and says which input it was when it panics.
fn run(body: fn(&[u8]), name: &str, data: &[u8]) {
    if std::panic::catch_unwind(|| body(data)).is_err() {
        panic!("{name} does not hold: see the panic above");
    }
}

#[test]
fn every_seed_and_every_regression_holds() {
    for (target, body) in ALL {
        let seeds = files("seeds", target);
        assert!(!seeds.is_empty(), "fuzz/seeds/{target} is empty");
        for path in seeds.into_iter().chain(files("regressions", target)) {
            run(body, &path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
}

#[test]
fn drawn_bytes_hold() {
    for (target, body) in ALL {
        let mut stream = Seed(1).stream(target);
        let runs = if target == "scenario" { 4 } else { 64 };
        for size in 0..runs {
            let data = stream.bytes(size * 3);
            run(body, &format!("{target} on {}", data.escape_ascii()), &data);
        }
    }
}

#[test]
fn every_target_is_a_program_and_every_folder_a_target() {
    let names: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    let named = |kind: &str| -> Vec<String> {
        let entries = fs::read_dir(folder(kind)).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> =
            entries.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(named("fuzz_targets"), names);
    assert_eq!(named("seeds"), names);
    let known = |name: &String| name == ".gitkeep" || names.contains(&name.as_str());
    assert!(named("regressions").iter().all(known), "fuzz/regressions has a folder of no target");
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "fuzz/Cargo.toml has no {name}");
        let program = fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(program.contains(&format!("targets::{name}::check(data)")), "{program}");
    }
}

#[test]
fn each_kind_of_clusterfuzzlite_run_has_a_workflow_that_builds_as_it_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut modes = Vec::new();
    for entry in fs::read_dir(root.join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains("clusterfuzzlite") {
            continue;
        }
        let workflow: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        for job in workflow["jobs"].as_object().unwrap().values() {
            let [build, run] = ["/actions/build_fuzzers@", "/actions/run_fuzzers@"].map(|action| {
                let steps = job["steps"].as_array().unwrap();
                steps.iter().find(|step| step["uses"].as_str().unwrap().contains(action)).unwrap()
            });
            assert_eq!(build["with"]["sanitizer"], run["with"]["sanitizer"], "{}", path.display());
            assert_eq!(build["with"]["language"], "rust", "{}", path.display());
            modes.push(run["with"]["mode"].as_str().unwrap().to_owned());
        }
    }
    modes.sort();
    assert_eq!(modes, ["batch", "code-change", "coverage", "prune"]);
    let project = fs::read_to_string(root.join(".clusterfuzzlite/project.yaml")).unwrap();
    let project: serde_json::Value = serde_saphyr::from_str(&project).unwrap();
    assert_eq!(project["language"], "rust");
}
