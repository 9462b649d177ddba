//! Whose certificates are believed: authorities trusted, their rules changed, trust withdrawn. All
//! of it is the province's alone.

mod findings;
mod rules;

#[cfg(test)]
mod tests;

pub use findings::{EXPIRES_SOON, Finding, findings};
pub use rules::AnchorRules;

use pki::{Certificate, Strength};

use super::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::trust::{
    Der, IdentityRule, MOST_ANCHORS, RevocationRule, SETTING, Tolerance, Trust, TrustAnchor,
    TrustPurpose,
};
use crate::store::change::{Change, SettingWrite};
use crate::store::decision::Decision;
use crate::trust::describe::read_fingerprint;
use crate::trust::timestamp;

/// The longest name of an anchor.
const NAME_LENGTH: usize = 64;

/// The present trust as it rests: the text is kept, because a write names what it replaces.
#[derive(Clone, Debug, Default)]
pub struct Believed {
    text: Option<String>,
    /// What the text says.
    pub trust: Trust,
}

impl Believed {
    /// Reads the setting [`SETTING`]; an absent one trusts nobody.
    ///
    /// # Errors
    /// A lasting fault when it is not what an administrator wrote.
    pub fn parse(text: Option<String>) -> Result<Self, Fault> {
        let trust = match &text {
            None => Trust::default(),
            Some(text) => serde_json::from_str(text)
                .map_err(|_| Fault::lasting("store", "the trust is not of this version's form"))?,
        };
        Ok(Self { text, trust })
    }

    /// The write that makes `trust` the one that counts; a conflict when another was faster.
    fn replaced_by(&self, trust: &Trust) -> Change {
        // Lists of texts and numbers always have a JSON form.
        let value = serde_json::to_string(trust).unwrap_or_default();
        Change::Setting(SettingWrite {
            name: SETTING.into(),
            was: self.text.clone(),
            value,
        })
    }
}

/// An authority of which fingerprint and usual rules are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The government's root of the second generation.
    VgcaG2,
    /// The government's root of the first generation, signed over SHA-1.
    VgcaG1,
    /// The national root, under which public authorities stand.
    VnRoot,
}

impl Preset {
    /// The preset of a name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "vgca-g2" => Some(Self::VgcaG2),
            "vgca-g1" => Some(Self::VgcaG1),
            "vn-root" => Some(Self::VnRoot),
            _ => None,
        }
    }

    /// The published SHA-256 fingerprint of its certificate.
    pub const fn fingerprint(self) -> &'static str {
        match self {
            Self::VgcaG2 => "F04BA4B459A7C9A1B971AD9B1CB833E695A80C79AEA63B174B66A70EDFE2FDB8",
            Self::VgcaG1 => "F7BC89054CEC7F12730D7B8CD3EB7955B163835087E5EB873EDFB584763B3F90",
            Self::VnRoot => "BAC8BF609AB420A8EE1780D74F4DE5C7F7184959D2A7375B0A75E4C29F0908E7",
        }
    }

    /// The rules that usually go with it. The government's certificates hold no number, so that
    /// mail addresses are what they can name people by: of which organisations is for the operator
    /// to say.
    fn rules(self) -> AnchorRules {
        match self {
            Self::VgcaG2 => AnchorRules {
                purpose: Some(TrustPurpose::Government),
                ..AnchorRules::default()
            },
            Self::VgcaG1 => AnchorRules {
                purpose: Some(TrustPurpose::Government),
                sha1: Some(true),
                ..AnchorRules::default()
            },
            Self::VnRoot => AnchorRules {
                purpose: Some(TrustPurpose::Public),
                personal_id: Some(true),
                tax_code: Some(true),
                ..AnchorRules::default()
            },
        }
    }
}

/// An authority that is to be trusted.
#[derive(Clone, Debug, Default)]
pub struct AnchorNew {
    /// What the operator calls it.
    pub name: String,
    /// Its certificate: DER, or PEM with one certificate.
    pub certificate: Vec<u8>,
    /// The fingerprint that it must have, as somebody published it.
    pub fingerprint: Option<String>,
    /// What is known about it.
    pub preset: Option<Preset>,
    /// Its rules; they go before those of the preset.
    pub rules: AnchorRules,
}

/// Trusts an authority from now on, or from when the rules say.
///
/// Refuses with `outside_scope`, `trust_name_malformed`, `trust_name_taken`,
/// `trust_certificate_malformed`, `trust_certificate_not_one`, `trust_fingerprint_malformed`, `trust_fingerprint_differs`,
/// `trust_not_authority`, `trust_key_unfit`, `trust_key_taken`, `trust_anchor_expired`,
/// `trust_too_many`, `trust_purpose_missing`, and the reasons of [`AnchorRules`]. Does not check
/// where the certificate came from: that is what comparing fingerprints is for.
pub fn add(
    act: &Act<'_>,
    new: &AnchorNew,
    present: &Believed,
    entropy: &mut Entropy,
) -> Decision<TrustAnchor> {
    let anchor = match prepared(act, new, &present.trust) {
        Ok(anchor) => anchor,
        Err(reason) => return Decision::refused(reason),
    };
    let mut trust = present.trust.clone();
    trust.anchors.push(anchor.clone());
    trust
        .anchors
        .sort_by(|one, other| one.name.cmp(&other.name));
    let what = What::TrustAdded {
        anchor: anchor.name.clone(),
        fingerprint: anchor.certificate.fingerprint(),
    };
    Decision::done(anchor)
        .with_change(present.replaced_by(&trust))
        .with_event(act.event(what, entropy))
}

/// Changes the named rules of an authority; the others stay. Its name, its certificate and the end
/// of its trust are no rules.
///
/// Refuses with `outside_scope`, `not_found_here`, and the reasons of [`AnchorRules`].
pub fn edit(
    act: &Act<'_>,
    name: &str,
    rules: &AnchorRules,
    present: &Believed,
    entropy: &mut Entropy,
) -> Decision<TrustAnchor> {
    let edited = || {
        let mut anchor = found(act, name, present)?.clone();
        let fields = rules.apply(&mut anchor, act.now())?;
        Ok::<_, Reason>((anchor, fields))
    };
    let (anchor, fields) = match edited() {
        Ok(edited) => edited,
        Err(reason) => return Decision::refused(reason),
    };
    if fields.is_empty() {
        return Decision::done(anchor);
    }
    let what = What::TrustEdited {
        anchor: anchor.name.clone(),
        fields: fields.into_iter().map(str::to_owned).collect(),
    };
    let change = with(present, &anchor);
    Decision::done(anchor)
        .with_change(change)
        .with_event(act.event(what, entropy))
}

/// Withdraws trust, now or from a moment on, for good: an authority whose key comes back is added
/// again under another name. Nobody signs in by a certificate below it from then on. Sessions are
/// not ended here; whoever watches over the certificates of sessions ends them.
///
/// Refuses with `outside_scope`, `not_found_here`, `trust_withdrawn_already`.
pub fn distrust(
    act: &Act<'_>,
    name: &str,
    from: Option<Timestamp>,
    present: &Believed,
    entropy: &mut Entropy,
) -> Decision<TrustAnchor> {
    let at = from.unwrap_or(act.now());
    let withdrawn = || {
        let anchor = found(act, name, present)?;
        if anchor.distrusted_at.is_some_and(|since| since <= act.now()) {
            return Err(Reason::TrustWithdrawnAlready);
        }
        Ok(TrustAnchor {
            distrusted_at: Some(at),
            ..anchor.clone()
        })
    };
    let anchor = match withdrawn() {
        Ok(anchor) => anchor,
        Err(reason) => return Decision::refused(reason),
    };
    let what = What::TrustWithdrawn {
        anchor: anchor.name.clone(),
    };
    let change = with(present, &anchor);
    Decision::done(anchor)
        .with_change(change)
        .with_event(act.event(what, entropy))
}

fn found<'a>(act: &Act<'_>, name: &str, present: &'a Believed) -> Result<&'a TrustAnchor, Reason> {
    act.by.needs_everything()?;
    present.trust.find(name).ok_or(Reason::NotFoundHere)
}

/// The write of one anchor that is there already.
fn with(present: &Believed, anchor: &TrustAnchor) -> Change {
    let mut trust = present.trust.clone();
    for kept in &mut trust.anchors {
        if kept.name == anchor.name {
            kept.clone_from(anchor);
        }
    }
    present.replaced_by(&trust)
}

fn prepared(act: &Act<'_>, new: &AnchorNew, trust: &Trust) -> Result<TrustAnchor, Reason> {
    act.by.needs_everything()?;
    check_name(&new.name, trust)?;
    rules::bounded(trust.anchors.len() + 1, MOST_ANCHORS)?;
    let certificate = rules::certificate(&new.certificate)?;
    check_fingerprints(new, &certificate)?;
    check_authority(&certificate, trust, act.now())?;
    let usual = new.preset.map(Preset::rules).unwrap_or_default();
    let rules = new.rules.clone().or(usual);
    let purpose = rules.purpose.ok_or(Reason::TrustPurposeMissing)?;
    let mut anchor = TrustAnchor {
        name: new.name.clone(),
        certificate: Der(certificate.der().to_vec()),
        purpose,
        intermediates: Vec::new(),
        identity: IdentityRule::default(),
        revocation: RevocationRule::default(),
        tolerance: Tolerance::default(),
        purposes_required: std::collections::BTreeSet::new(),
        policies_required: std::collections::BTreeSet::new(),
        from: act.now(),
        until: None,
        distrusted_at: None,
    };
    rules.apply(&mut anchor, act.now())?;
    Ok(anchor)
}

fn check_name(name: &str, trust: &Trust) -> Result<(), Reason> {
    let plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    if !(1..=NAME_LENGTH).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(Reason::TrustNameMalformed);
    }
    match trust.find(name) {
        Some(_) => Err(Reason::TrustNameTaken),
        None => Ok(()),
    }
}

/// Both what was copied and what the preset knows.
fn check_fingerprints(new: &AnchorNew, certificate: &Certificate) -> Result<(), Reason> {
    let has = crate::base::secret::Digest::of(certificate.der());
    let known = new.preset.map(Preset::fingerprint);
    for wanted in new.fingerprint.as_deref().into_iter().chain(known) {
        let wanted = read_fingerprint(wanted).ok_or(Reason::TrustFingerprintMalformed)?;
        if &wanted != has.as_bytes() {
            return Err(Reason::TrustFingerprintDiffers);
        }
    }
    Ok(())
}

fn check_authority(certificate: &Certificate, trust: &Trust, now: Timestamp) -> Result<(), Reason> {
    rules::authority(certificate)?;
    if Strength::default().check(certificate.key()).is_err() {
        return Err(Reason::TrustKeyUnfit);
    }
    if timestamp(certificate.not_after()) < now {
        return Err(Reason::TrustAnchorExpired);
    }
    let same = |anchor: &&TrustAnchor| {
        let kept = Certificate::parse(&anchor.certificate.0);
        kept.is_ok_and(|kept| kept.key().der() == certificate.key().der())
    };
    let trusted = |anchor: &&TrustAnchor| anchor.distrusted_at.is_none_or(|since| now < since);
    if trust
        .anchors
        .iter()
        .filter(trusted)
        .any(|anchor| same(&anchor))
    {
        return Err(Reason::TrustKeyTaken);
    }
    Ok(())
}
