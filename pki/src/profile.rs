//! What the certificate of an end entity must be to sign somebody in. A valid path says only that an
//! authority issued it, not what for.

use crate::certificate::Certificate;
use crate::error::Rejection;
use crate::oid::Oid;

/// `id-kp-clientAuth`, 1.3.6.1.5.5.7.3.2.
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// The rules of one anchor for the people whose certificates lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whether `nonRepudiation` without `digitalSignature` will do. It is meant for signatures under
    /// documents, not for signing in; some tokens hold nothing else.
    pub non_repudiation_alone: bool,
    /// One of these purposes must be among those of the certificate, where it names any; critical or
    /// not, and `anyExtendedKeyUsage` only where it stands here.
    pub purposes: Vec<Oid>,
    /// Whether the certificate must name its purposes.
    pub purpose_required: bool,
}

impl Default for Profile {
    /// `digitalSignature`, and `clientAuth` where purposes are named.
    fn default() -> Self {
        Self {
            non_repudiation_alone: false,
            purposes: vec![Oid::from_content(CLIENT_AUTH)],
            purpose_required: false,
        }
    }
}

impl Profile {
    /// Checks what a certificate says of itself.
    ///
    /// Not checked: its path, its status, the strength of its key (which its path and each signature
    /// by it are checked for).
    ///
    /// # Errors
    /// [`Rejection::EndEntityIsAuthority`], [`Rejection::EndEntityIssuedItself`],
    /// [`Rejection::EndEntityKeyUsageMissing`], [`Rejection::EndEntityMayNotSign`],
    /// [`Rejection::EndEntityPurposeWrong`].
    pub fn check(&self, certificate: &Certificate) -> Result<(), Rejection> {
        let extensions = certificate.extensions();
        let usage = extensions.key_usage;
        if extensions.is_ca() || usage.is_some_and(|usage| usage.key_cert_sign()) {
            return Err(Rejection::EndEntityIsAuthority);
        }
        if certificate.is_self_issued() {
            return Err(Rejection::EndEntityIssuedItself);
        }
        let usage = usage.ok_or(Rejection::EndEntityKeyUsageMissing)?;
        let may_sign =
            usage.digital_signature() || (self.non_repudiation_alone && usage.non_repudiation());
        if !may_sign {
            return Err(Rejection::EndEntityMayNotSign);
        }
        let has_purpose = match &extensions.extended_key_usage {
            Some(named) => self.purposes.iter().any(|purpose| named.contains(purpose)),
            None => !self.purpose_required,
        };
        has_purpose
            .then_some(())
            .ok_or(Rejection::EndEntityPurposeWrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;
    use crate::test_ca::encode::{element, extension, oid, sequence, yes};
    use crate::test_ca::{Authority, Key, Subject, Template};

    const NOW: Time = Time::from_seconds(1_767_225_600);
    const CLIENT: &str = "1.3.6.1.5.5.7.3.2";
    const MAIL: &str = "1.3.6.1.5.5.7.3.4";
    const ANY: &str = "2.5.29.37.0";

    fn usage(content: &[u8]) -> Vec<u8> {
        extension("2.5.29.15", true, &element(0x03, content))
    }

    fn purposes(named: &[&str]) -> Vec<u8> {
        let named: Vec<Vec<u8>> = named.iter().map(|purpose| oid(purpose)).collect();
        extension("2.5.29.37", false, &sequence(&named))
    }

    /// Whether a certificate with these extensions fits.
    fn judge(profile: &Profile, extensions: &[Vec<u8>]) -> Result<(), Rejection> {
        let authority = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
        let mut template = Template::person(Subject::named("Nguyễn Văn An"), NOW);
        template.extensions = extensions.to_vec();
        let der = authority.issue(&template, &Key::p256());
        profile.check(&Certificate::parse(&der).unwrap())
    }

    #[test]
    fn a_key_that_signs_is_required() {
        let plain = Profile::default();
        let lenient = Profile {
            non_repudiation_alone: true,
            ..Profile::default()
        };
        let may_not = Err(Rejection::EndEntityMayNotSign);
        for (content, expected, expected_leniently) in [
            (&[7, 0x80][..], Ok(()), Ok(())),
            (&[6, 0xc0], Ok(()), Ok(())),
            (&[6, 0x40], may_not, Ok(())),
            (&[5, 0x20], may_not, may_not),
        ] {
            assert_eq!(judge(&plain, &[usage(content)]), expected, "{content:?}");
            assert_eq!(
                judge(&lenient, &[usage(content)]),
                expected_leniently,
                "{content:?}"
            );
        }
        let none = judge(&lenient, &[purposes(&[CLIENT])]);
        assert_eq!(none, Err(Rejection::EndEntityKeyUsageMissing));
    }

    #[test]
    fn purposes_bind_wherever_they_are_named() {
        let plain = Profile::default();
        let required = Profile {
            purpose_required: true,
            ..Profile::default()
        };
        let any = Profile {
            purposes: vec![Oid::from_content(&[0x55, 0x1d, 0x25, 0])],
            ..Profile::default()
        };
        let wrong = Err(Rejection::EndEntityPurposeWrong);
        for (profile, named, expected) in [
            (&plain, None, Ok(())),
            (&plain, Some(&[CLIENT][..]), Ok(())),
            (&plain, Some(&[MAIL, CLIENT]), Ok(())),
            (&plain, Some(&[MAIL]), wrong),
            (&plain, Some(&[ANY]), wrong),
            (&required, None, wrong),
            (&required, Some(&[CLIENT]), Ok(())),
            (&any, Some(&[ANY]), Ok(())),
            (&any, Some(&[CLIENT]), wrong),
        ] {
            let mut extensions = vec![usage(&[7, 0x80])];
            extensions.extend(named.map(purposes));
            assert_eq!(judge(profile, &extensions), expected, "{named:?}");
        }
    }

    #[test]
    fn authorities_sign_nobody_in() {
        let authority = Err(Rejection::EndEntityIsAuthority);
        let constraints = extension("2.5.29.19", true, &sequence(&[yes()]));
        let profile = Profile::default();
        assert_eq!(
            judge(&profile, &[constraints, usage(&[7, 0x80])]),
            authority
        );
        assert_eq!(judge(&profile, &[usage(&[2, 0x84])]), authority);
        // Certified by a namesake of its own.
        let root = Authority::root("Gốc thử nghiệm", Key::p256(), NOW);
        let itself = root.person(root.name.clone(), &Key::p256());
        assert_eq!(
            profile.check(&itself),
            Err(Rejection::EndEntityIssuedItself)
        );
    }
}
