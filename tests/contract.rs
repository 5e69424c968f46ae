//! The contract as data: that it says what the document says, and that mistakes in it are found.

#[test]
fn the_built_in_contract_loads_in_every_revision() {
    for revision in endspec::load::contract::revisions() {
        let files = endspec::load::contract::built_in_files();
        let loaded = endspec::load::contract::contract(&files, revision);
        assert!(
            loaded.is_ok(),
            "{revision}: {:#?}",
            loaded.err().map(|m| m
                .iter()
                .map(|m| format!("{:?} {} {:?}", m.place.as_ref().map(|p| p.at()), m.message, m.help))
                .collect::<Vec<_>>())
        );
    }
}
