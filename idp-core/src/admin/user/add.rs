//! A new account.

use super::position::{self, PositionNew};
use super::reset::{MadeLink, make_link};
use super::role::{self, RoleGrantNew};
use super::{full_name, locale};
use crate::admin::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::event::{Event, What};
use crate::model::address::{Address, AddressPart};
use crate::model::identifier::{Identifier, IdentifierKind};
use crate::model::role::Role;
use crate::model::user::{AccountKind, AccountState, User};
use crate::model::{UserId, Version};
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// A new account. It has no password: its holder sets one through the activation link. Nothing
/// in it counts as verified, whoever adds it.
#[derive(Clone, Debug)]
pub struct UserNew {
    /// What it stands for.
    pub kind: AccountKind,
    /// The full name.
    pub name: String,
    /// Identifiers as typed, at most one of a kind.
    pub identifiers: Vec<(IdentifierKind, String)>,
    /// Parts of the postal address, as typed.
    pub address: Vec<(AddressPart, String)>,
    /// Preferred language.
    pub locale: Option<String>,
    /// Positions; the first is the main one unless another says so.
    pub positions: Vec<PositionNew>,
    /// Roles.
    pub roles: Vec<RoleGrantNew>,
    /// Whether to make an activation link.
    pub activation_link: bool,
}

/// An account that may be written, with what it means.
#[derive(Debug)]
pub(in crate::admin) struct Added {
    /// The account.
    pub(in crate::admin) user: User,
    /// What to record.
    pub(in crate::admin) events: Vec<Event>,
}

/// Adds an account. `known` are all roles there are.
///
/// Refuses with `outside_scope` (kind, positions and roles), `position_needed` (a unit
/// administrator makes nobody who belongs nowhere), `name_malformed`, the reason of the first
/// malformed identifier, `address_malformed`, `identifier_needed`, `identifier_taken` (by the store: also for released
/// ones), and what giving positions and roles refuses with.
pub fn add(
    act: &Act<'_>,
    new: &UserNew,
    known: &[Role],
    entropy: &mut Entropy,
) -> Decision<(User, Option<MadeLink>)> {
    match prepared(act, new, known, entropy) {
        Ok(added) => {
            let link = new
                .activation_link
                .then(|| make_link(act, added.user.id, entropy));
            let mut decision = Decision::done((added.user.clone(), None))
                .with_change(Change::User(Write::Put(added.user.clone())));
            decision.events = added.events;
            let Some((made, credential, event)) = link else {
                return decision;
            };
            decision.outcome = crate::store::decision::Outcome::Done((added.user, Some(made)));
            decision.with_change(credential).with_event(event)
        }
        Err(reason) => Decision::refused(reason),
    }
}

/// Everything that is checked about one new account; imports share it row by row.
pub(in crate::admin) fn prepared(
    act: &Act<'_>,
    new: &UserNew,
    known: &[Role],
    entropy: &mut Entropy,
) -> Result<Added, Reason> {
    act.by.needs_kind(new.kind)?;
    let mut user = User {
        id: UserId::generate(act.now(), entropy),
        version: Version::NEW,
        kind: new.kind,
        state: AccountState::Active,
        name: full_name(&new.name)?,
        identifiers: identifiers(act, new)?,
        external_identities: Vec::new(),
        positions: Vec::new(),
        roles: Vec::new(),
        address: address(new)?,
        claims: Box::default(),
        locale: new.locale.as_deref().map(locale).transpose()?,
        created_at: act.now(),
        updated_at: act.now(),
    };
    if act.by.units().is_some() && new.positions.is_empty() {
        return Err(Reason::PositionNeeded);
    }
    let mut events = vec![act.event(What::UserAdded { user: user.id }, entropy)];
    for wanted in &new.positions {
        let unit = position::give(act, &mut user, wanted, entropy)?;
        let what = What::PositionAssigned {
            user: user.id,
            unit,
        };
        events.push(act.event(what, entropy));
    }
    for wanted in &new.roles {
        let grant = role::give(act, &mut user, wanted, known)?;
        let what = What::RoleAssigned {
            user: user.id,
            role: grant.role,
            unit: grant.unit,
        };
        events.push(act.event(what, entropy));
    }
    Ok(Added { user, events })
}

fn address(new: &UserNew) -> Result<Address, Reason> {
    let mut address = Address::default();
    for (part, text) in &new.address {
        address.set(*part, Some(text))?;
    }
    Ok(address)
}

fn identifiers(act: &Act<'_>, new: &UserNew) -> Result<Vec<Identifier>, Reason> {
    let mut parsed: Vec<Identifier> = Vec::new();
    for (kind, text) in &new.identifiers {
        let identifier = parsed_identifier(act, *kind, text)?;
        if parsed
            .iter()
            .any(|p| p.kind == *kind || p.key() == identifier.key())
        {
            return Err(Reason::IdentifierRepeated);
        }
        parsed.push(identifier);
    }
    let named = parsed.iter().any(|i| i.kind == IdentifierKind::UserName);
    let needs_name = matches!(new.kind, AccountKind::Official | AccountKind::Administrator);
    if needs_name && !named {
        return Err(Reason::IdentifierNeeded);
    }
    Ok(parsed)
}

/// One identifier in its normal form, assigned now and unverified.
pub(super) fn parsed_identifier(
    act: &Act<'_>,
    kind: IdentifierKind,
    text: &str,
) -> Result<Identifier, Reason> {
    Identifier::parse(kind, text, act.now()).map_err(|reason| match kind {
        IdentifierKind::TaxCode => Reason::TaxCodeMalformed,
        _ => reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, Stage, done, reason};

    fn new(user_name: &str) -> UserNew {
        UserNew {
            kind: AccountKind::Official,
            name: "Lê Thị Bình".into(),
            identifiers: vec![(IdentifierKind::UserName, user_name.into())],
            address: Vec::new(),
            locale: None,
            positions: vec![position("H42.05")],
            roles: Vec::new(),
            activation_link: false,
        }
    }

    fn position(unit: &str) -> PositionNew {
        PositionNew {
            unit: unit.into(),
            title: "Chuyên viên".into(),
            ..PositionNew::default()
        }
    }

    fn role(name: &str, unit: Option<&str>) -> RoleGrantNew {
        RoleGrantNew {
            role: name.into(),
            unit: unit.map(str::to_owned),
            ..RoleGrantNew::default()
        }
    }

    #[test]
    fn each_rule_has_its_refusal_and_reach_is_kept() {
        let (province, health) = (Stage::province(), Stage::health());
        let known = [
            sample::role("clerk"),
            sample::role("unit-administrator"),
            sample::role("province-administrator"),
        ];
        let with = |edit: fn(&mut UserNew)| {
            let mut user = new("binh");
            edit(&mut user);
            user
        };
        for (what, stage, new, answer) in [
            ("a plain official", &health, new("binh"), None),
            (
                "elsewhere",
                &health,
                with(|u| u.positions = vec![position("H42.06")]),
                Some(Reason::OutsideScope),
            ),
            (
                "here and elsewhere",
                &health,
                with(|u| u.positions.push(position("H42.06"))),
                Some(Reason::OutsideScope),
            ),
            (
                "nowhere",
                &health,
                with(|u| u.positions.clear()),
                Some(Reason::PositionNeeded),
            ),
            (
                "nowhere, by the province",
                &province,
                with(|u| u.positions.clear()),
                None,
            ),
            (
                "an administrator",
                &health,
                with(|u| u.kind = AccountKind::Administrator),
                Some(Reason::OutsideScope),
            ),
            (
                "a role here",
                &health,
                with(|u| u.roles = vec![role("clerk", Some("H42.05"))]),
                None,
            ),
            (
                "a role everywhere",
                &health,
                with(|u| u.roles = vec![role("clerk", None)]),
                Some(Reason::OutsideScope),
            ),
            (
                "an administrative role",
                &health,
                with(|u| u.roles = vec![role("unit-administrator", Some("H42.05"))]),
                Some(Reason::OutsideScope),
            ),
            (
                "the same by the province",
                &province,
                with(|u| u.roles = vec![role("unit-administrator", Some("H42.05"))]),
                None,
            ),
            (
                "no name",
                &health,
                with(|u| u.name = " ".into()),
                Some(Reason::NameMalformed),
            ),
            (
                "an address of no text",
                &health,
                with(|u| u.address = vec![(AddressPart::Locality, " ".into())]),
                Some(Reason::AddressMalformed),
            ),
            (
                "no user name",
                &health,
                with(|u| u.identifiers.clear()),
                Some(Reason::IdentifierNeeded),
            ),
            (
                "digits only",
                &health,
                with(|u| u.identifiers[0].1 = "123".into()),
                Some(Reason::UserNameMalformed),
            ),
            (
                "a wrong mail",
                &health,
                with(|u| u.identifiers.push((IdentifierKind::Mail, "binh@".into()))),
                Some(Reason::MailMalformed),
            ),
            (
                "two mails",
                &health,
                with(|u| {
                    u.identifiers.extend([
                        (IdentifierKind::Mail, "a@tinh.example".into()),
                        (IdentifierKind::Mail, "b@tinh.example".into()),
                    ]);
                }),
                Some(Reason::IdentifierRepeated),
            ),
            (
                "a language",
                &health,
                with(|u| u.locale = Some("fr".into())),
                Some(Reason::LocaleUnknown),
            ),
        ] {
            let decision = add(&stage.act(), &new, &known, &mut sample::entropy());
            assert_eq!(reason(&decision), answer, "{what}");
            assert_eq!(decision.changes.is_empty(), answer.is_some(), "{what}");
        }
    }

    #[test]
    fn a_new_account_is_unverified_and_its_link_rests_as_a_digest() {
        let mut wanted = new("binh");
        wanted.activation_link = true;
        wanted.positions.push(position("H42.05.01"));
        let stage = Stage::province();
        let decision = add(&stage.act(), &wanted, &[], &mut sample::entropy());
        assert_eq!((decision.changes.len(), decision.events.len()), (2, 4));
        let stored = format!("{:?}", decision.changes);
        let (user, link) = done(decision);
        assert!(user.identifiers.iter().all(|i| i.verified.is_none()));
        assert_eq!(
            user.positions.iter().map(|p| p.main).collect::<Vec<_>>(),
            [true, false]
        );
        assert!(!stored.contains(link.unwrap().secret.expose()));
    }
}
