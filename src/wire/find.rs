//! Short texts in short bodies: looked for as they are, where what a search prepares would take longer than it saves.

/// Where a few bytes first stand in others, by the first of them. Takes the product of the lengths at worst: the few are ours,
/// and none that a target chooses.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    memchr::memchr_iter(first, haystack).find(|at| haystack[*at..].starts_with(needle))
}

/// Where they stand last.
pub fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    memchr::memrchr_iter(first, haystack).find(|at| haystack[*at..].starts_with(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_are_found_as_a_library_finds_them() {
        for haystack in ["", "-", "-->", "a--->b-->", "------->", "<!<!", "?", "äöä"] {
            for needle in ["-->", ">", "<!", "?>", "ä"] {
                let (haystack, needle) = (haystack.as_bytes(), needle.as_bytes());
                assert_eq!(find(haystack, needle), memchr::memmem::find(haystack, needle), "{haystack:?} {needle:?}");
                assert_eq!(rfind(haystack, needle), memchr::memmem::rfind(haystack, needle), "{haystack:?} {needle:?}");
            }
        }
    }
}
