//! Request parameters from raw bytes, parsed once, duplicates refused (RFC 6749 §3.1, §3.2).

use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::SecretText;

/// The most bytes of a query or body that are looked at.
pub const MAX_BYTES: usize = 64 * 1024;
/// The most parameters in one request.
pub const MAX_PARAMETERS: usize = 64;
/// The most bytes of one decoded value; this bounds `state` and `nonce` as well.
pub const MAX_VALUE_BYTES: usize = 8 * 1024;
/// The parameters that may come several times (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// The parameters of one request. An empty value counts as absent (RFC 6749 §3.1); a name that
/// comes twice refuses the request, known or not, unless its specification lets it.
#[derive(Clone, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Parses `application/x-www-form-urlencoded` bytes.
    ///
    /// # Errors
    /// [`Reason::BodyTooLarge`] beyond [`MAX_BYTES`]; [`Reason::BodyNotForm`] for a broken escape
    /// or bytes that are not UTF-8; [`Reason::ParameterTooLong`]; [`Reason::ParameterRepeated`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MAX_BYTES {
            return Err(Reason::BodyTooLarge.into());
        }
        let mut parsed = Self::default();
        for part in bytes.split(|b| *b == b'&').filter(|p| !p.is_empty()) {
            let split = part.iter().position(|b| *b == b'=').unwrap_or(part.len());
            let (name, value) = part.split_at_checked(split).unwrap_or((part, &[]));
            let name = decode(name)?;
            let value = decode(value.strip_prefix(b"=").unwrap_or(value))?;
            parsed.push(name, value)?;
        }
        Ok(parsed)
    }

    /// Parameters that came by another carrier than a query or a body: pushed before, or as the
    /// members of a request object. The same bounds hold, the size of the whole apart.
    ///
    /// # Errors
    /// [`Reason::BodyTooLarge`] beyond [`MAX_PARAMETERS`]; [`Reason::ParameterTooLong`];
    /// [`Reason::ParameterRepeated`].
    pub fn of_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Refusal> {
        let mut made = Self::default();
        for (name, value) in pairs {
            made.push(name, value)?;
        }
        Ok(made)
    }

    fn push(&mut self, name: String, value: String) -> Result<(), Refusal> {
        if value.len() > MAX_VALUE_BYTES {
            return Err(Reason::ParameterTooLong.into());
        }
        if !is_repeatable(&name) && self.pairs.iter().any(|(n, _)| *n == name) {
            return Err(Reason::ParameterRepeated.into());
        }
        if self.pairs.len() == MAX_PARAMETERS {
            return Err(Reason::BodyTooLarge.into());
        }
        self.pairs.push((name, value));
        Ok(())
    }

    /// Names and values in the order they came, empty values included.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// All but the named ones.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let kept = |(name, _): &&(String, String)| !names.contains(&name.as_str());
        Self {
            pairs: self.pairs.iter().filter(kept).cloned().collect(),
        }
    }

    /// With one value set, in the place of any that came.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.without(&[name]);
        changed.pairs.push((name.to_owned(), value.to_owned()));
        changed
    }

    /// The value of a parameter; absent when it is empty.
    pub fn find(&self, name: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(n, _)| n == name)?;
        (!value.is_empty()).then_some(value)
    }

    /// The values of a parameter that may come several times, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.pairs.iter().filter(move |(n, _)| n == name);
        named.map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// The value of a required parameter.
    ///
    /// # Errors
    /// [`Reason::ParameterMissing`].
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.find(name)
            .ok_or_else(|| Reason::ParameterMissing.into())
    }

    /// All parameters as a query, to send a browser to the same address with GET.
    pub fn to_query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.pairs)
            .finish()
    }

    /// A secret value.
    pub fn secret(&self, name: &str) -> Option<SecretText> {
        self.find(name).map(|v| SecretText::new(v.to_owned()))
    }

    /// A value separated by spaces, empty items dropped.
    pub fn words(&self, name: &str) -> Vec<&str> {
        self.find(name).map_or_else(Vec::new, |v| {
            v.split(' ').filter(|w| !w.is_empty()).collect()
        })
    }
}

/// Whether a parameter may come more than once.
pub(crate) fn is_repeatable(name: &str) -> bool {
    REPEATABLE.contains(&name)
}

impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.pairs.iter().map(|(name, _)| name))
            .finish()
    }
}

/// Percent-decoding with `+` for a space; a broken escape is refused, not passed through.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, Refusal> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = hex(rest.next())?;
                high << 4 | hex(rest.next())?
            }
            other => *other,
        });
    }
    String::from_utf8(out).map_err(|_| Reason::BodyNotForm.into())
}

fn hex(byte: Option<&u8>) -> Result<u8, Refusal> {
    byte.and_then(|b| char::from(*b).to_digit(16))
        .and_then(|digit| u8::try_from(digit).ok())
        .ok_or_else(|| Reason::BodyNotForm.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reason(bytes: &[u8]) -> Reason {
        Parameters::parse(bytes).unwrap_err().reason
    }

    #[test]
    fn values_come_back_decoded_and_empty_ones_are_absent() {
        let p =
            Parameters::parse("a=%C4%90%E1%BA%B7ng+Th%E1%BB%8B&b=&c&&state=x%2By%3D".as_bytes())
                .unwrap();
        assert_eq!(p.find("a"), Some("Đặng Thị"));
        assert_eq!((p.find("b"), p.find("c"), p.find("d")), (None, None, None));
        assert_eq!(p.find("state"), Some("x+y="));
        assert_eq!(
            p.required("b").unwrap_err().reason,
            Reason::ParameterMissing
        );
    }

    #[test]
    fn each_rule_has_its_refusal() {
        assert_eq!(reason(b"a=1&a=1"), Reason::ParameterRepeated);
        assert_eq!(reason(b"a=&a="), Reason::ParameterRepeated);
        assert_eq!(
            reason(b"scope=1&resource=1&scope=1"),
            Reason::ParameterRepeated
        );
        assert_eq!(reason(b"a=%G0"), Reason::BodyNotForm);
        assert_eq!(reason(b"a=%4"), Reason::BodyNotForm);
        assert_eq!(reason(b"a=%ff"), Reason::BodyNotForm);
        assert_eq!(reason(&vec![b'a'; MAX_BYTES + 1]), Reason::BodyTooLarge);
        let long = [b"a=".as_slice(), &vec![b'x'; MAX_VALUE_BYTES + 1]].concat();
        assert_eq!(reason(&long), Reason::ParameterTooLong);
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|n| format!("p{n}=1")).collect();
        assert_eq!(reason(many.join("&").as_bytes()), Reason::BodyTooLarge);
    }

    #[test]
    fn what_may_come_several_times_comes_in_order() {
        let p = Parameters::parse(b"resource=b&x=1&resource=&resource=a").unwrap();
        assert_eq!(p.all("resource").collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(p.all("audience").count(), 0);
    }

    #[test]
    fn printing_shows_names_only() {
        let p = Parameters::parse(b"code=secret").unwrap();
        assert_eq!(format!("{p:?}"), r#"["code"]"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Parameters::parse(&bytes);
        }

        #[test]
        fn what_was_encoded_comes_back(value in "\\PC{1,60}") {
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let p = Parameters::parse(format!("v={encoded}").as_bytes()).unwrap();
            prop_assert_eq!(p.find("v"), Some(value.as_str()));
        }
    }
}
