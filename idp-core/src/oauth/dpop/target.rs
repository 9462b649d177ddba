//! Comparing the address that a proof names with an endpoint's (RFC 9449 §4.3, point 9).

use url::Url;

/// Whether `stated` means the endpoint at `own`, query and fragment aside: compared after the
/// normalisation of RFC 3986 §6.2.2 and §6.2.3 (case of scheme and host, default port, dot
/// segments, percent-encoded letters that need no encoding). An address with a user never does.
pub(super) fn is_same_address(stated: &str, own: &str) -> bool {
    if stated == own {
        return true;
    }
    match (Url::parse(stated), Url::parse(own)) {
        (Ok(stated), Ok(own)) => {
            stated.origin() == own.origin()
                && stated.origin().is_tuple()
                && stated.username().is_empty()
                && stated.password().is_none()
                && normal_path(stated.path()) == normal_path(own.path())
        }
        _ => false,
    }
}

/// RFC 3986 §6.2.2.1, §6.2.2.2: unreserved characters stand for themselves, other escapes are
/// written in capitals.
fn normal_path(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let digits = after
            .get(..2)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let Some(code) = code else {
            normal.push('%');
            rest = after;
            continue;
        };
        if code.is_ascii_alphanumeric() || matches!(code, b'-' | b'.' | b'_' | b'~') {
            normal.push(char::from(code));
        } else {
            normal.push_str(&format!("%{code:02X}"));
        }
        rest = after.get(2..).unwrap_or_default();
    }
    normal.push_str(rest);
    normal
}

#[cfg(test)]
mod tests {
    use super::is_same_address;

    #[test]
    fn addresses_are_compared_in_their_normal_form() {
        let own = "https://sso.tinh.example/op/token";
        for (stated, same) in [
            ("https://sso.tinh.example/op/token", true),
            ("https://sso.tinh.example/op/token?x=1", true),
            ("https://sso.tinh.example/op/token#x", true),
            ("https://SSO.Tinh.example/op/token", true),
            ("HTTPS://sso.tinh.example:443/op/token", true),
            ("https://sso.tinh.example/op/./x/../token", true),
            ("https://sso.tinh.example/op/%74oken", true),
            ("https://sso.tinh.example/op/TOKEN", false),
            ("https://sso.tinh.example/op/token/", false),
            ("https://sso.tinh.example/op%2Ftoken", false),
            ("https://sso.tinh.example/op//token", false),
            ("https://sso.tinh.example:8443/op/token", false),
            ("http://sso.tinh.example/op/token", false),
            ("https://sso.tinh.example.evil.example/op/token", false),
            ("https://u@sso.tinh.example/op/token", false),
            ("https://sso.tinh.example/op/userinfo", false),
            ("/op/token", false),
            ("data:op/token", false),
            ("", false),
        ] {
            assert_eq!(is_same_address(stated, own), same, "{stated}");
        }
        assert!(is_same_address(
            "https://sso.tinh.example/a%c3%a0%2",
            "https://sso.tinh.example/a%C3%A0%2"
        ));
    }
}
