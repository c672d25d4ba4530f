//! The rulebooks that come with the program.

/// The names of the presets.
pub const NAMES: [&str; 2] = ["weibo", "wechat-official-accounts"];

/// The texts of a preset's versions, oldest first.
#[must_use]
pub fn named(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "weibo" => Some(&[
            include_str!("../../rulebooks/weibo-2013-10-01.toml"),
            include_str!("../../rulebooks/weibo-2014-12-24.toml"),
            include_str!("../../rulebooks/weibo-2016-01-01.toml"),
        ]),
        "wechat-official-accounts" => Some(&[include_str!(
            "../../rulebooks/wechat-official-accounts.toml"
        )]),
        _ => None,
    }
}
