//! Tells cargo that cases and schemas are part of the program: files added or removed there are noticed.

fn main() {
    println!("cargo::rerun-if-changed=cases");
    println!("cargo::rerun-if-changed=schemas");
}
