//! What is made from the table of keys: explanations, the first configuration file, the manual.

use super::key::{Absent, Key};
use super::source::{self, Given};
use super::{all_keys, reader};

/// What `idp init` knows when it writes the first file.
#[derive(Clone, Debug)]
pub struct Basics<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The province's name in Vietnamese.
    pub province_name: &'a str,
    /// The first administrator's user name.
    pub administrator: &'a str,
}

/// Explains one key, or lists all; `None` when there is no such key. A section's name lists its
/// keys.
#[must_use]
pub fn explain(path: Option<&str>) -> Option<String> {
    let wanted = path.unwrap_or_default();
    let below = |key: &&Key| {
        let rest = key.path.strip_prefix(wanted);
        wanted.is_empty() || rest.is_some_and(|rest| rest.starts_with('.'))
    };
    if let Some(key) = all_keys().find(|key| key.path == wanted) {
        return Some(one(key));
    }
    let lines: Vec<String> = all_keys()
        .filter(below)
        .map(|key| format!("{:<36} {:<16} {}\n", key.path, default_text(key), key.en))
        .collect();
    (!lines.is_empty()).then(|| lines.concat())
}

fn one(key: &Key) -> String {
    let danger = if key.is_danger() {
        "Danger:    weakens the installation\n"
    } else {
        ""
    };
    format!(
        "{path}\n  {vi}\n  {en}\n\nValue:     {kind}\nDefault:   {default}\nExample:   {name} = {example}\n\
         Variable:  {variable}\n{danger}",
        path = key.path,
        vi = key.vi,
        en = key.en,
        kind = reader::expected(&key.kind),
        default = default_text(key),
        name = key.name(),
        example = key.as_toml(key.example),
        variable = key.variable(),
    )
}

fn default_text(key: &Key) -> String {
    match key.absent {
        Absent::Required => "(required)".to_owned(),
        Absent::Nothing => "(none)".to_owned(),
        Absent::Value(text) => key.as_toml(text),
    }
}

/// What a key is set to, as written, and where: in the file's text or in a variable. `None` when it
/// is set nowhere, or the text is no TOML.
#[must_use]
pub fn present_value(
    path: &str,
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Option<(String, &'static str)> {
    match source::merge(text, environment).ok()?.remove(path)? {
        Given::File(value) => Some((value.to_string(), "file")),
        Given::Environment(text) => Some((text, "environment")),
    }
}

/// The commented file that `idp init` writes: every key once, those with a default commented out.
#[must_use]
pub fn default_file(basics: &Basics<'_>) -> String {
    let mut file = String::from(
        "# Cấu hình của hệ thống đăng nhập một lần. Giải thích từng khoá: idp config explain KHOÁ\n\
         # Configuration of the single sign-on system. Each key explained: idp config explain KEY\n\
         # Kiểm tra / check: idp config check\n",
    );
    let listens = loopback_address(basics.issuer);
    let mut section = "";
    for key in all_keys() {
        if key.section() != section {
            section = key.section();
            file.push_str(&format!("\n[{section}]\n"));
        }
        let set = match key.path {
            "issuer.url" => Some(basics.issuer),
            "listen.address" => listens.as_deref(),
            "province.name_vi" => Some(basics.province_name),
            "administration.default_acting" => Some(basics.administrator),
            "keys.master_key_file" => Some("secrets/master.key"),
            _ => None,
        };
        let shown = match (set, key.absent) {
            (Some(value), _) | (None, Absent::Value(value)) => value,
            (None, Absent::Required | Absent::Nothing) => key.example,
        };
        let mark = if set.is_some() { "" } else { "# " };
        file.push_str(&format!("# {}\n# {}\n", key.vi, key.en));
        file.push_str(&format!("{mark}{} = {}\n", key.name(), key.as_toml(shown)));
    }
    file
}

/// Where a server of an http issuer must listen: there is no proxy in front of it.
fn loopback_address(issuer: &str) -> Option<String> {
    let url = url::Url::parse(issuer)
        .ok()
        .filter(|url| url.scheme() == "http")?;
    let host = match url.host()? {
        url::Host::Ipv6(address) => format!("[{address}]"),
        url::Host::Ipv4(address) => address.to_string(),
        url::Host::Domain(_) => "127.0.0.1".to_owned(),
    };
    Some(format!("{host}:{}", url.port_or_known_default()?))
}

/// The operators' manual of the configuration, in Markdown.
#[must_use]
pub fn manual() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         Cấu hình là một tệp TOML; biến môi trường `IDP__SECTION__KEY` ghi đè lên tệp. Mọi lỗi được báo \
         cùng một lúc, khoá lạ bị từ chối.\n\n\
         The configuration is one TOML file; environment variables `IDP__SECTION__KEY` override it. \
         It is parsed whole: `idp config check` tells all problems at once, and unknown keys are \
         refused. Relative paths start at the file's folder. `idp config explain KEY` explains one \
         key. This page is generated from the table of keys in `idp-server/src/config`.\n",
    );
    let mut section = "";
    for key in all_keys() {
        if key.section() != section {
            section = key.section();
            text.push_str(&format!(
                "\n## `[{section}]`\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
            ));
        }
        let danger = if key.is_danger() { "**Danger.** " } else { "" };
        text.push_str(&format!(
            "| `{}` | {} | `{}` | {danger}{}<br>{} |\n",
            key.name(),
            reader::expected(&key.kind),
            default_text(key),
            key.en,
            key.vi,
        ));
    }
    text
}
