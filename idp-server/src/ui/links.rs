//! Which addresses may become links.

/// Whether an address from a client's registration may stand in `href`.
/// Only `https`, and `http` for development clients: a `javascript:` address would run in our origin.
/// Does not check that the host exists or belongs to the client.
#[must_use]
pub(super) fn is_web_address(address: &str) -> bool {
    let scheme = address.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    }) && !address.contains(char::is_whitespace)
        && !address.contains(char::is_control)
}

/// Whether an address may be loaded as an image: a path on this very server.
/// `//host` and backslashes, which browsers read as another host, are refused.
#[must_use]
pub(super) fn is_own_path(address: &str) -> bool {
    address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains(['\\', '"', '\'', '(', ')'])
        && !address.contains(char::is_whitespace)
        && !address.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::{is_own_path, is_web_address};

    #[test]
    fn only_web_addresses_become_links() {
        assert!(is_web_address("https://qlvb.example/chinh-sach"));
        assert!(is_web_address("HTTP://localhost:8081/"));
        for wrong in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "java\nscript://x",
            "https://a b",
            "",
        ] {
            assert!(!is_web_address(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_own_paths_become_images() {
        assert!(is_own_path("/logo/tinh.png"));
        for wrong in [
            "//evil.example/x.png",
            "/\\evil.example",
            "https://evil.example/x.png",
            "x.png",
            "/a b",
            "/\n/",
            "",
        ] {
            assert!(!is_own_path(wrong), "{wrong}");
        }
    }
}
