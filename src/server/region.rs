//! The regions that the server knows, each with the two letters that its session ids carry.

/// Region ids and the two letters after `s-` in their session ids. `hz` is documented for Hangzhou (FACTS 6); the
/// others are chosen alike and no two are the same.
const REGIONS: [(&str, &str); 37] = [
    ("cn-qingdao", "qd"),
    ("cn-beijing", "bj"),
    ("cn-zhangjiakou", "zj"),
    ("cn-huhehaote", "hh"),
    ("cn-wulanchabu", "wl"),
    ("cn-hangzhou", "hz"),
    ("cn-shanghai", "sh"),
    ("cn-nanjing", "nj"),
    ("cn-fuzhou", "fz"),
    ("cn-wuhan-lr", "wh"),
    ("cn-shenzhen", "sz"),
    ("cn-heyuan", "hy"),
    ("cn-guangzhou", "gz"),
    ("cn-chengdu", "cd"),
    ("cn-zhengzhou-jva", "zz"),
    ("cn-hongkong", "hk"),
    ("ap-southeast-1", "sg"),
    ("ap-southeast-2", "au"),
    ("ap-southeast-3", "my"),
    ("ap-southeast-5", "id"),
    ("ap-southeast-6", "ph"),
    ("ap-southeast-7", "th"),
    ("ap-northeast-1", "jp"),
    ("ap-northeast-2", "kr"),
    ("ap-south-1", "in"),
    ("us-east-1", "ue"),
    ("us-west-1", "uw"),
    ("eu-central-1", "de"),
    ("eu-west-1", "gb"),
    ("me-east-1", "ae"),
    ("me-central-1", "sa"),
    ("cn-beijing-finance-1", "bf"),
    ("cn-shanghai-finance-1", "sf"),
    ("cn-shenzhen-finance-1", "zf"),
    ("cn-hangzhou-finance", "hf"),
    ("cn-north-2-gov-1", "ng"),
    ("cn-beijing-gov-1", "bg"),
];

/// All regions, by id.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|(id, _)| *id)
}

/// The two letters of a region's session ids; `xx` for one that was added by settings.
pub(super) fn city(region: &str) -> &'static str {
    REGIONS.iter().find(|(id, _)| *id == region).map_or("xx", |(_, city)| city)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_regions_share_an_id_or_letters() {
        assert_eq!(all().collect::<BTreeSet<_>>().len(), REGIONS.len());
        assert_eq!(all().map(city).collect::<BTreeSet<_>>().len(), REGIONS.len());
    }

    #[test]
    fn letters_are_two_and_lower_case() {
        for region in all() {
            let letters = city(region);
            assert!(letters.len() == 2 && letters.bytes().all(|b| b.is_ascii_lowercase()), "{region}");
        }
    }
}
