//! Header fields of this API beyond those of HTTP itself.

/// The user name of the acting administrator, over the local socket only. A server refuses the
/// field on every other listener.
pub const ACTING_AS: &str = "idp-acting-as";

/// The identity of a request, in answers and in the operator's log.
pub const REQUEST_ID: &str = "x-request-id";

/// The media type of a [`crate::Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A version as an entity tag (RFC 9110 §8.8.3).
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The version named by an entity tag; `None` when this API never made that tag.
pub fn version_of(etag: &str) -> Option<i64> {
    etag.trim()
        .strip_prefix('"')?
        .strip_suffix('"')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_tag_holds_a_version() {
        assert_eq!(version_of(&etag(7)), Some(7));
        for text in ["", "7", "\"\"", "W/\"7\"", "\"x\"", "\""] {
            assert_eq!(version_of(text), None, "{text}");
        }
    }
}
