//! An account's name, identifiers and language.

use super::add::parsed_identifier;
use super::{full_name, locale, written};
use crate::admin::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::event::What;
use crate::model::address::AddressPart;
use crate::model::identifier::{Identifier, IdentifierKind, Verification};
use crate::model::standard_claims::StandardClaims;
use crate::model::user::User;
use crate::store::decision::Decision;

/// What changes about an account; absent fields stay. User name and kind never change.
#[derive(Clone, Debug, Default)]
pub struct UserEdit {
    /// Another full name.
    pub name: Option<String>,
    /// Identifiers by kind: another value, or `None` to release the present one.
    pub identifiers: Vec<(IdentifierKind, Option<String>)>,
    /// Parts of the postal address: another text, or `None` to take the present one away.
    pub address: Vec<(AddressPart, Option<String>)>,
    /// Another language; `Some(None)` for the installation's.
    pub locale: Option<Option<String>>,
    /// A JSON merge patch (RFC 7396) of what else is known about the person.
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// Changes an account. A new identifier is unverified, and assigned from now on; the old one is
/// released and stays reserved for ever, so that nobody inherits another's name.
///
/// Refuses with `not_found_here`, `outside_scope` (identifiers are what people sign in with),
/// `changed_meanwhile`, `name_malformed`, the reason of a malformed identifier, `address_malformed`,
/// `standard_claim_malformed`, `locale_unknown`, `identifier_needed` (the user name), `identifier_taken` (by the store).
pub fn edit(act: &Act<'_>, user: &User, edit: &UserEdit, entropy: &mut Entropy) -> Decision<User> {
    match edited(act, user, edit) {
        Ok((changed, fields)) if fields.is_empty() => Decision::done(changed),
        Ok((changed, fields)) => written(
            act,
            changed,
            What::UserEdited {
                user: user.id,
                fields,
            },
            entropy,
        ),
        Err(reason) => Decision::refused(reason),
    }
}

fn edited(act: &Act<'_>, user: &User, edit: &UserEdit) -> Result<(User, Vec<String>), Reason> {
    act.by.needs_account(user, act.now())?;
    act.expects(user.version)?;
    let mut changed = user.clone();
    let mut fields = Vec::new();
    if let Some(text) = &edit.name {
        changed.name = full_name(text)?;
    }
    if let Some(text) = &edit.locale {
        changed.locale = text.as_deref().map(locale).transpose()?;
    }
    for (part, text) in &edit.address {
        changed.address.set(*part, text.as_deref())?;
    }
    changed.claims = Box::new(told(&user.claims, &edit.claims)?);
    if changed.claims != user.claims {
        fields.push("claims".to_owned());
    }
    if changed.name != user.name {
        fields.push("name".to_owned());
    }
    if changed.locale != user.locale {
        fields.push("locale".to_owned());
    }
    // The event names the field, not its parts: which of them somebody has is personal already.
    if changed.address != user.address {
        fields.push("address".to_owned());
    }
    for (kind, text) in &edit.identifiers {
        if replaced(act, &mut changed, *kind, text.as_deref())? {
            fields.push(field(*kind).to_owned());
        }
    }
    Ok((changed, fields))
}

/// The claims after a merge patch: `null` takes one away.
fn told(
    present: &StandardClaims,
    patch: &serde_json::Map<String, serde_json::Value>,
) -> Result<StandardClaims, Reason> {
    let malformed = Reason::StandardClaimMalformed;
    let Ok(serde_json::Value::Object(mut claims)) = serde_json::to_value(present) else {
        return Err(malformed);
    };
    claims.extend(patch.clone());
    claims.retain(|_, value| !value.is_null());
    let claims: StandardClaims = serde_json::from_value(claims.into()).map_err(|_| malformed)?;
    claims.are_well_formed().then_some(claims).ok_or(malformed)
}

/// The name of the field that holds an identifier of a kind.
fn field(kind: IdentifierKind) -> &'static str {
    match kind {
        IdentifierKind::UserName => "user_name",
        IdentifierKind::Mail => "mail",
        IdentifierKind::PersonalId => "personal_id",
        IdentifierKind::Mobile => "mobile",
        IdentifierKind::EmployeeCode => "employee_code",
        IdentifierKind::TaxCode => "tax_code",
    }
}

/// Releases the present identifier of a kind and assigns another; answers whether anything
/// changed. An identifier that the account gave up itself may come back to it, unverified.
fn replaced(
    act: &Act<'_>,
    user: &mut User,
    kind: IdentifierKind,
    text: Option<&str>,
) -> Result<bool, Reason> {
    if kind == IdentifierKind::UserName {
        return Err(Reason::IdentifierNeeded);
    }
    let new = text
        .map(|text| parsed_identifier(act, kind, text))
        .transpose()?;
    let present = user.identifier(kind).map(|i| i.value.clone());
    if present.as_deref() == new.as_ref().map(|i| i.value.as_str()) {
        return Ok(false);
    }
    let current = |i: &&mut Identifier| i.kind == kind && i.released_at.is_none();
    for identifier in user.identifiers.iter_mut().filter(current) {
        identifier.released_at = Some(act.now());
    }
    if let Some(new) = new {
        user.identifiers
            .retain(|i| !(i.kind == kind && i.key() == new.key()));
        user.identifiers.push(new);
    }
    Ok(true)
}

/// Vouches for identifiers of the given kinds, in the name of the acting administrator. Kinds
/// that the account does not have, and what is verified already, stay as they are.
///
/// Refuses with `outside_scope` (only the province vouches), `changed_meanwhile`.
pub fn verify(
    act: &Act<'_>,
    user: &User,
    kinds: &[IdentifierKind],
    entropy: &mut Entropy,
) -> Decision<User> {
    let check = act
        .by
        .needs_everything()
        .and_then(|()| act.expects(user.version));
    if let Err(reason) = check {
        return Decision::refused(reason);
    }
    let mut changed = user.clone();
    let mut fields = Vec::new();
    let open = |i: &&mut Identifier| {
        kinds.contains(&i.kind) && i.released_at.is_none() && i.verified.is_none()
    };
    for identifier in changed.identifiers.iter_mut().filter(open) {
        identifier.verified = Some(Verification {
            source: "administrator".to_owned(),
            by: act.by.signature(),
            at: act.now(),
        });
        fields.push(format!("{}_verified", field(identifier.kind)));
    }
    if fields.is_empty() {
        return Decision::done(changed);
    }
    written(
        act,
        changed,
        What::UserEdited {
            user: user.id,
            fields,
        },
        entropy,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, HEALTH, JUSTICE, NOW, Stage, done, reason, with_position};
    use IdentifierKind::{Mail, PersonalId, UserName};

    fn change(kind: IdentifierKind, text: Option<&str>) -> UserEdit {
        UserEdit {
            identifiers: vec![(kind, text.map(str::to_owned))],
            ..UserEdit::default()
        }
    }

    #[test]
    fn a_new_identifier_is_unverified_and_the_old_one_stays_reserved() {
        let stage = Stage::province();
        let mut entropy = sample::entropy();
        let user = with_position(sample::user("an"), HEALTH);
        let one = done(edit(
            &stage.act(),
            &user,
            &change(Mail, Some("an@tinh.example")),
            &mut entropy,
        ));
        let proved = done(verify(&stage.act(), &one, &[Mail], &mut entropy));
        assert_eq!(
            proved
                .identifier(Mail)
                .unwrap()
                .verified
                .as_ref()
                .unwrap()
                .at,
            NOW
        );
        let two = done(edit(
            &stage.act(),
            &proved,
            &change(Mail, Some("binh@tinh.example")),
            &mut entropy,
        ));
        assert_eq!(two.identifier(Mail).unwrap().verified, None);
        let old = two
            .identifiers
            .iter()
            .find(|i| i.value == "an@tinh.example")
            .unwrap();
        assert_eq!(old.released_at, Some(NOW));
        let back = done(edit(
            &stage.act(),
            &two,
            &change(Mail, Some("an@tinh.example")),
            &mut entropy,
        ));
        assert_eq!(
            back.identifier(Mail).unwrap().verified,
            None,
            "proof does not come back"
        );
        assert_eq!(
            back.identifiers.iter().filter(|i| i.kind == Mail).count(),
            2
        );
        let none = done(edit(&stage.act(), &back, &change(Mail, None), &mut entropy));
        assert!(none.identifier(Mail).is_none());
    }

    #[test]
    fn edits_are_refused_by_rule() {
        let (health, province) = (Stage::health(), Stage::province());
        let own = with_position(sample::user("an"), HEALTH);
        let shared = with_position(own.clone(), JUSTICE);
        let name = |text: &str| UserEdit {
            name: Some(text.into()),
            ..UserEdit::default()
        };
        for (what, stage, user, edit_it, answer) in [
            ("own", &health, &own, name("Trần An"), None),
            (
                "shared",
                &health,
                &shared,
                name("Trần An"),
                Some(Reason::OutsideScope),
            ),
            (
                "shared mail",
                &health,
                &shared,
                change(Mail, None),
                Some(Reason::OutsideScope),
            ),
            (
                "an empty name",
                &health,
                &own,
                name(""),
                Some(Reason::NameMalformed),
            ),
            (
                "no user name",
                &province,
                &own,
                change(UserName, None),
                Some(Reason::IdentifierNeeded),
            ),
            (
                "a short number",
                &health,
                &own,
                change(PersonalId, Some("1")),
                Some(Reason::PersonalIdMalformed),
            ),
        ] {
            let decision = edit(&stage.act(), user, &edit_it, &mut sample::entropy());
            assert_eq!(reason(&decision), answer, "{what}");
        }
        let proof = verify(&health.act(), &own, &[UserName], &mut sample::entropy());
        assert_eq!(reason(&proof), Some(Reason::OutsideScope));
    }

    #[test]
    fn parts_of_an_address_are_set_and_taken_away_by_themselves() {
        let stage = Stage::health();
        let mut entropy = sample::entropy();
        let user = with_position(sample::user("an"), HEALTH);
        let parts = |parts: &[(AddressPart, Option<&str>)]| UserEdit {
            address: parts
                .iter()
                .map(|(part, text)| (*part, text.map(str::to_owned)))
                .collect(),
            ..UserEdit::default()
        };
        let both = [
            (AddressPart::Locality, Some("Xã Suối Trong")),
            (AddressPart::Region, Some("Tỉnh Minh Hà")),
        ];
        let decision = edit(&stage.act(), &user, &parts(&both), &mut entropy);
        let event = format!("{:?}", decision.events);
        assert!(event.contains("address") && !event.contains("Suối"));
        let moved = done(decision);
        assert_eq!(moved.address.part(AddressPart::Locality), both[0].1);
        let gone = parts(&[(AddressPart::Locality, None)]);
        let left = done(edit(&stage.act(), &moved, &gone, &mut entropy));
        assert_eq!(left.address.part(AddressPart::Locality), None);
        assert_eq!(left.address.part(AddressPart::Region), both[1].1);
        let same = edit(&stage.act(), &left, &gone, &mut entropy);
        assert!(same.changes.is_empty());
        let wrong = parts(&[(AddressPart::Country, Some("hai\ndòng"))]);
        let refused = edit(&stage.act(), &left, &wrong, &mut entropy);
        assert_eq!(reason(&refused), Some(Reason::AddressMalformed));
    }

    #[test]
    fn an_edit_without_effect_writes_nothing() {
        let user = with_position(sample::user("an"), HEALTH);
        let same = UserEdit {
            name: Some(user.name.clone()),
            ..UserEdit::default()
        };
        let decision = edit(&Stage::health().act(), &user, &same, &mut sample::entropy());
        assert!(decision.changes.is_empty() && decision.events.is_empty());
    }
}
