//! Request objects by reference: the addresses that a client registered (OpenID Connect Core
//! §6.2).

use crate::base::refusal::{Reason, Refusal};
use crate::base::secret::Digest;
use crate::model::client::Client;

/// The proof that an address may be fetched: the client registered it. Nobody else can name one.
#[derive(Clone, Debug)]
pub struct ObjectAddress {
    address: String,
    digest: Option<Digest>,
}

impl ObjectAddress {
    /// Proves a `request_uri`: one of the registered ones letter by letter, or one that was
    /// registered without a fragment, with the SHA-256 of its present content added as one.
    ///
    /// # Errors
    /// [`Reason::RequestUriUnsupported`] for a client that registered none;
    /// [`Reason::RequestUriNotRegistered`].
    pub fn check(client: &Client, request_uri: &str) -> Result<Self, Refusal> {
        let registered = &client.features.request_uris;
        if registered.is_empty() {
            return Err(Reason::RequestUriUnsupported.into());
        }
        let (address, fragment) = match request_uri.split_once('#') {
            None => (request_uri, None),
            Some((address, fragment)) => (address, Some(fragment)),
        };
        let digest = fragment.and_then(Digest::from_base64url);
        let known = |uri: &String| uri == request_uri || digest.is_some() && uri == address;
        if !registered.iter().any(known) {
            return Err(Reason::RequestUriNotRegistered.into());
        }
        Ok(Self {
            address: address.to_owned(),
            digest,
        })
    }

    /// What is fetched.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// Whether this content is the one that was meant, as far as the fragment tells.
    pub fn is_of(&self, content: &str) -> bool {
        self.digest
            .is_none_or(|digest| digest == Digest::of(content.as_bytes()))
    }

    /// The request object in a content that was fetched.
    ///
    /// # Errors
    /// [`Reason::RequestUriContentChanged`] when it does not have the digest of the fragment.
    pub fn object<'a>(&self, content: &'a str) -> Result<&'a str, Refusal> {
        if !self.is_of(content) {
            return Err(Reason::RequestUriContentChanged.into());
        }
        Ok(content.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::web;

    const PLAIN: &str = "https://rp.example/request.jwt";
    const HASHED: &str = "https://rp.example/fixed.jwt#47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    fn client() -> Client {
        let mut client = web();
        client.features.request_uris = vec![PLAIN.into(), HASHED.into()];
        client
    }

    fn checked(request_uri: &str) -> Result<ObjectAddress, Reason> {
        ObjectAddress::check(&client(), request_uri).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn only_what_was_registered_is_fetched() {
        let digest = Digest::of(b"content").to_base64url();
        let present = format!("{PLAIN}#{digest}");
        for known in [PLAIN, HASHED, &present] {
            let address = checked(known).unwrap();
            assert_eq!(Some(address.as_str()), known.split('#').next());
        }
        for unknown in [
            "https://rp.example/request.jwt?x=1",
            "https://rp.example/request.jwt#",
            "https://rp.example/request.jwt#not-a-digest",
            "https://rp.example/fixed.jwt",
            &format!("https://rp.example/fixed.jwt#{digest}"),
            "https://RP.example/request.jwt",
            "https://rp.example/../request.jwt",
            "https://169.254.169.254/latest/meta-data",
            "http://localhost/admin",
            "file:///etc/passwd",
        ] {
            let refused = checked(unknown).err();
            assert_eq!(refused, Some(Reason::RequestUriNotRegistered), "{unknown}");
        }
        let none = ObjectAddress::check(&web(), PLAIN).unwrap_err();
        assert_eq!(none.reason, Reason::RequestUriUnsupported);
    }

    #[test]
    fn a_fragment_fixes_the_content() {
        let plain = checked(PLAIN).unwrap();
        assert_eq!(plain.object(" a.b.c\n").unwrap(), "a.b.c");
        let fixed = checked(HASHED).unwrap();
        assert_eq!(fixed.object("").unwrap(), "", "the digest of nothing");
        let changed = fixed.object("a.b.c").unwrap_err();
        assert_eq!(changed.reason, Reason::RequestUriContentChanged);
    }
}
