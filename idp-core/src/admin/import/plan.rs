//! All rows are checked, and user names chosen, before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::{UserNamePattern, numbered};
use super::{
    ExistingAccounts, ImportRow, MOST_ROWS, PlannedUser, RowOutcome, RowReport, UserImport,
};
use crate::admin::acting::Act;
use crate::admin::user::{PositionNew, RoleGrantNew, UserNew, prepared};
use crate::authn::password::ImportedHash;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::text::label;
use crate::event::{Event, What};
use crate::model::UserId;
use crate::model::address::AddressPart;
use crate::model::identifier::{Identifier, IdentifierKey, IdentifierKind};
use crate::model::role::{Role, RoleName};
use crate::model::user::{AccountKind, AccountState, User};

const TITLE_LENGTH: usize = 200;
/// At most so many accounts are named in one event.
const MOST_NAMED: usize = 100;

/// What a plan depends on.
#[derive(Clone, Debug, Default)]
pub struct ImportFacts {
    /// All roles there are.
    pub roles: Vec<Role>,
    /// For each identifier that was looked up: the account that has it, or once had it.
    pub owners: BTreeMap<IdentifierKey, Option<UserId>>,
    /// When an import is resumed: the accounts that it added already, by the place of their row.
    pub applied: BTreeMap<u32, User>,
}

/// A plan, or what must be looked up first.
#[derive(Debug)]
pub enum PlanStep {
    /// Whether these identifiers are taken decides on.
    Lookup(Vec<IdentifierKey>),
    /// Every row was looked at.
    Planned(ImportPlan),
}

/// What an import would do.
#[derive(Debug, Default)]
pub struct ImportPlan {
    /// Every row, in order.
    pub reports: Vec<RowReport>,
    /// The accounts to add, in the order of the rows.
    pub users: Vec<PlannedUser>,
    /// The accounts that exist, and that rows told the administrator of.
    pub met: BTreeSet<UserId>,
}

impl ImportPlan {
    /// Whether no row is wrong.
    pub fn is_clean(&self) -> bool {
        !self
            .reports
            .iter()
            .any(|r| matches!(r.outcome, RowOutcome::Refused(_)))
    }
}

/// What to record of an import that is answered and not written, because it was only tried or
/// because a row is wrong: the answer tells whether people have accounts, and whoever tries
/// personal IDs one after the other is to leave a trace. `None` when it met nobody.
pub fn rehearsed(act: &Act<'_>, plan: &ImportPlan, entropy: &mut Entropy) -> Option<Event> {
    let taken = RowOutcome::Refused(Reason::IdentifierTaken);
    let told = |r: &&RowReport| r.outcome == RowOutcome::Skipped || r.outcome == taken;
    let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
    let what = What::ImportRehearsed {
        rows: count(plan.reports.len()),
        existing: count(plan.reports.iter().filter(told).count()),
        users: plan.met.iter().take(MOST_NAMED).copied().collect(),
    };
    (!plan.met.is_empty()).then(|| act.event(what, entropy))
}

/// Checks an import as a whole and each row with the rules of a single new account; chooses user
/// names by the pattern, numbered where one is taken. Asks for lookups until every identifier in
/// question is known.
///
/// # Errors
/// [`Reason::ImportEmpty`], [`Reason::ImportTitleMalformed`],
/// [`Reason::UserNamePatternMalformed`], [`Reason::ChangeSetNotResumable`]. What is wrong with
/// single rows stands in the plan.
pub fn plan(
    act: &Act<'_>,
    import: &UserImport,
    facts: &ImportFacts,
    entropy: &mut Entropy,
) -> Result<PlanStep, Reason> {
    if !(1..=MOST_ROWS).contains(&import.rows.len()) {
        return Err(Reason::ImportEmpty);
    }
    label(&import.title, TITLE_LENGTH).map_err(|_| Reason::ImportTitleMalformed)?;
    resumable(import, facts)?;
    let pattern = import
        .pattern
        .as_deref()
        .map(UserNamePattern::parse)
        .transpose()?;
    let mut names = Names::reserve(act, import, facts);
    let chosen: Vec<_> = rows(import)
        .map(|(place, row)| names.choose(act, place, row, pattern.as_ref()))
        .collect();
    let unknown: Vec<_> = std::mem::take(&mut names.unknown).into_iter().collect();
    if !unknown.is_empty() {
        return Ok(PlanStep::Lookup(unknown));
    }
    let mut planner = Planner {
        act,
        import,
        facts,
        seen: BTreeSet::new(),
        plan: ImportPlan::default(),
    };
    for ((place, row), choice) in rows(import).zip(chosen) {
        planner.row(place, row, choice, entropy);
    }
    Ok(PlanStep::Planned(planner.plan))
}

fn rows(import: &UserImport) -> impl Iterator<Item = (u32, &ImportRow)> {
    (0..).zip(&import.rows)
}

/// The same file, as far as the accounts that exist can tell.
fn resumable(import: &UserImport, facts: &ImportFacts) -> Result<(), Reason> {
    let same = |(place, user): (&u32, &User)| {
        let row = import
            .rows
            .get(usize::try_from(*place).unwrap_or(usize::MAX));
        row.is_some_and(|row| label(&row.name, TITLE_LENGTH).as_deref() == Ok(&*user.name))
    };
    facts
        .applied
        .iter()
        .all(same)
        .then_some(())
        .ok_or(Reason::ChangeSetNotResumable)
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(|t| t.trim()).filter(|t| !t.is_empty())
}

/// Chooses user names and collects what must be looked up.
struct Names<'a> {
    facts: &'a ImportFacts,
    reserved: BTreeSet<IdentifierKey>,
    unknown: BTreeSet<IdentifierKey>,
}

impl<'a> Names<'a> {
    /// Names written in the file come before made-up ones, wherever they stand.
    fn reserve(act: &Act<'_>, import: &UserImport, facts: &'a ImportFacts) -> Self {
        let parsed = |row: &ImportRow| {
            Identifier::parse(
                IdentifierKind::UserName,
                given(row.user_name.as_ref())?,
                act.now(),
            )
            .ok()
        };
        let reserved = import
            .rows
            .iter()
            .filter_map(parsed)
            .map(|i| i.key())
            .collect();
        Self {
            facts,
            reserved,
            unknown: BTreeSet::new(),
        }
    }

    /// Whether an identifier is taken; asked for when nobody looked it up yet.
    fn is_taken(&mut self, key: &IdentifierKey) -> bool {
        let known = self.facts.owners.get(key);
        if known.is_none() {
            self.unknown.insert(key.clone());
        }
        known.is_some_and(Option::is_some)
    }

    /// The user name of a row, and whether it was written there.
    fn choose(
        &mut self,
        act: &Act<'_>,
        place: u32,
        row: &ImportRow,
        pattern: Option<&UserNamePattern>,
    ) -> Result<String, Reason> {
        if let Some(user) = self.facts.applied.get(&place) {
            return Ok(user.user_name());
        }
        for (kind, text) in identifiers(row) {
            if let Ok(identifier) = Identifier::parse(kind, text, act.now())
                && kind.is_unique()
            {
                self.is_taken(&identifier.key());
            }
        }
        if let Some(text) = given(row.user_name.as_ref()) {
            return Ok(text.to_owned());
        }
        let unit = given(row.unit.as_ref()).and_then(|named| act.tree.named(named));
        let base = pattern.and_then(|p| p.make(&row.name, unit.map(|u| &u.code)));
        let base = base.ok_or(Reason::UserNameMissing)?;
        self.free(&base)
    }

    /// The first choice that neither another row nor an account has.
    fn free(&mut self, base: &str) -> Result<String, Reason> {
        let most = u32::try_from(MOST_ROWS)
            .unwrap_or(u32::MAX)
            .saturating_mul(2);
        for n in 1..most {
            let name = numbered(base, n);
            let key = IdentifierKey::of(&name);
            if !self.reserved.contains(&key) && !self.is_taken(&key) {
                self.reserved.insert(key);
                return Ok(name);
            }
        }
        Err(Reason::UserNameMissing)
    }
}

fn identifiers(row: &ImportRow) -> impl Iterator<Item = (IdentifierKind, &str)> {
    [
        (IdentifierKind::UserName, row.user_name.as_ref()),
        (IdentifierKind::Mail, row.mail.as_ref()),
        (IdentifierKind::Mobile, row.mobile.as_ref()),
        (IdentifierKind::PersonalId, row.personal_id.as_ref()),
        (IdentifierKind::EmployeeCode, row.employee_code.as_ref()),
    ]
    .into_iter()
    .filter_map(|(kind, text)| Some((kind, given(text)?)))
}

/// Builds accounts row by row, once everything is looked up.
struct Planner<'a> {
    act: &'a Act<'a>,
    import: &'a UserImport,
    facts: &'a ImportFacts,
    seen: BTreeSet<IdentifierKey>,
    plan: ImportPlan,
}

impl Planner<'_> {
    fn row(
        &mut self,
        place: u32,
        row: &ImportRow,
        name: Result<String, Reason>,
        entropy: &mut Entropy,
    ) {
        let user_name = name.clone().unwrap_or_default();
        let outcome = if self.facts.applied.contains_key(&place) {
            RowOutcome::Added
        } else {
            let planned = name.and_then(|name| self.planned(place, row, &name, entropy));
            match planned {
                Ok(Some(user)) => {
                    self.plan.users.push(user);
                    RowOutcome::Added
                }
                Ok(None) => RowOutcome::Skipped,
                Err(reason) => RowOutcome::Refused(reason),
            }
        };
        self.plan.reports.push(RowReport {
            line: row.line,
            user_name,
            outcome,
            unlinked: None,
        });
    }

    /// The account of a row; `None` when it exists and may be passed over.
    fn planned(
        &mut self,
        place: u32,
        row: &ImportRow,
        user_name: &str,
        entropy: &mut Entropy,
    ) -> Result<Option<PlannedUser>, Reason> {
        let facts = self.facts;
        let owner = |key: &IdentifierKey| facts.owners.get(key).copied().flatten();
        let name = Identifier::parse(IdentifierKind::UserName, user_name, self.act.now())?;
        if self.import.existing == ExistingAccounts::Skip
            && let Some(owner) = owner(&name.key())
        {
            self.plan.met.insert(owner);
            return Ok(None);
        }
        let mut added = prepared(
            self.act,
            &account(row, user_name),
            &self.facts.roles,
            entropy,
        )?;
        let unique = added.user.identifiers.iter().filter(|i| i.kind.is_unique());
        let keys: Vec<_> = unique.map(Identifier::key).collect();
        let owners: Vec<_> = keys.iter().filter_map(owner).collect();
        if !owners.is_empty() {
            self.plan.met.extend(owners);
            return Err(Reason::IdentifierTaken);
        }
        let hash = imported_hash(row)?;
        // Two rows with the same identifier: both cannot be right, the later one is named.
        if keys.iter().any(|key| self.seen.contains(key)) {
            return Err(Reason::IdentifierRepeated);
        }
        self.seen.extend(keys);
        let disabled = arrives_disabled(&added.user);
        if disabled {
            let why = "imported administrator".to_owned();
            added.user.state = AccountState::Disabled {
                at: self.act.now(),
                why,
            };
        }
        let link = self.import.activation_links && hash.is_none() && !disabled;
        let (user, events) = (added.user, added.events);
        Ok(Some(PlannedUser {
            place,
            user,
            events,
            password_hash: hash,
            link,
        }))
    }
}

/// The hash of another system that a row carries; none where the cell is empty.
fn imported_hash(row: &ImportRow) -> Result<Option<SecretText>, Reason> {
    let given = |h: &SecretText| !h.expose().trim().is_empty();
    let hash = row.password_hash.clone().filter(given);
    let parsed = hash.as_ref().map(|h| ImportedHash::parse(h.expose()));
    let known = parsed.is_none_or(|parsed| parsed.is_ok());
    known.then_some(hash).ok_or(Reason::PasswordHashUnsupported)
}

/// A file must not make administrators by itself (security rule: imports and exports).
fn arrives_disabled(user: &User) -> bool {
    let administrative = |role: &RoleName| role.is_administrative();
    user.kind == AccountKind::Administrator || user.roles.iter().any(|g| administrative(&g.role))
}

fn account(row: &ImportRow, user_name: &str) -> UserNew {
    let others = identifiers(row).filter(|(kind, _)| *kind != IdentifierKind::UserName);
    let named = std::iter::once((IdentifierKind::UserName, user_name));
    let unit = given(row.unit.as_ref());
    let position = unit.map(|unit| PositionNew {
        unit: unit.to_owned(),
        title: row.title.clone().unwrap_or_default(),
        ..PositionNew::default()
    });
    let role = |name: &String| RoleGrantNew {
        role: name.trim().to_owned(),
        unit: unit.map(str::to_owned),
        ..RoleGrantNew::default()
    };
    UserNew {
        kind: row.kind.unwrap_or(AccountKind::Official),
        name: row.name.clone(),
        identifiers: named
            .chain(others)
            .map(|(kind, text)| (kind, text.to_owned()))
            .collect(),
        address: address(row),
        locale: None,
        positions: position.into_iter().collect(),
        roles: row
            .roles
            .iter()
            .filter(|r| !r.trim().is_empty())
            .map(role)
            .collect(),
        activation_link: false,
    }
}

fn address(row: &ImportRow) -> Vec<(AddressPart, String)> {
    let known = row
        .address
        .iter()
        .filter(|(_, text)| !text.trim().is_empty());
    known.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, Stage};
    use crate::base::secret::SecretText;
    use RowOutcome::{Added, Refused, Skipped};

    fn row(user_name: Option<&str>, name: &str) -> ImportRow {
        ImportRow {
            line: 2,
            user_name: user_name.map(str::to_owned),
            name: name.into(),
            unit: Some("H42.05".into()),
            title: Some("Chuyên viên".into()),
            ..ImportRow::default()
        }
    }

    fn import(rows: Vec<ImportRow>) -> UserImport {
        UserImport {
            title: "canbo.csv".into(),
            rows,
            pattern: Some("{given}{initials}.{unit}".into()),
            activation_links: true,
            ..UserImport::default()
        }
    }

    /// Plans to the end; exactly the named identifiers are taken.
    fn planned(stage: &Stage, import: &UserImport, taken: &[&str]) -> ImportPlan {
        let owner = sample::user("owner").id;
        let roles = ["clerk", "unit-administrator"].map(sample::role).to_vec();
        let mut facts = ImportFacts {
            roles,
            ..ImportFacts::default()
        };
        for _ in 0..9 {
            match plan(&stage.act(), import, &facts, &mut sample::entropy()).unwrap() {
                PlanStep::Planned(plan) => return plan,
                PlanStep::Lookup(keys) => facts.owners.extend(
                    keys.into_iter()
                        .map(|k| (k.clone(), taken.contains(&k.as_str()).then_some(owner))),
                ),
            }
        }
        panic!("the lookups do not come to an end");
    }

    fn outcomes(plan: &ImportPlan) -> Vec<RowOutcome> {
        plan.reports.iter().map(|r| r.outcome).collect()
    }

    #[test]
    fn user_names_are_made_and_numbered_where_taken() {
        let rows = vec![
            row(None, "Nguyễn Văn An"),
            row(None, "Ngô Việt Ân"),
            row(Some("annv3.05"), "Nguyễn An"),
            row(None, "Nông Vĩnh An"),
        ];
        let plan = planned(&Stage::province(), &import(rows), &["annv.05"]);
        let names: Vec<_> = plan.reports.iter().map(|r| r.user_name.as_str()).collect();
        assert_eq!(names, ["annv2.05", "annv4.05", "annv3.05", "annv5.05"]);
        assert!(plan.is_clean() && plan.users.iter().all(|u| u.link));
    }

    #[test]
    fn every_wrong_row_is_named_with_its_reason() {
        let mut wrong_mail = row(Some("a1"), "Lê An");
        wrong_mail.mail = Some("an@".into());
        let mut repeated = row(Some("a3"), "Lê An");
        repeated.mail = Some("an@tinh.example".into());
        let mut first = row(Some("a2"), "Lê An");
        first.mail = Some("An@Tinh.example".into());
        let mut taken_mail = row(Some("a4"), "Lê An");
        taken_mail.mail = Some("taken@tinh.example".into());
        let mut no_unit = row(Some("a5"), "Lê An");
        no_unit.unit = Some("H99".into());
        let mut no_title = row(Some("a6"), "Lê An");
        no_title.title = None;
        let mut hash = row(Some("a7"), "Lê An");
        hash.password_hash = Some(SecretText::new("{MD5}x".into()));
        let unnamed = ImportRow {
            unit: None,
            ..row(None, "Lê An")
        };
        let rows = vec![
            wrong_mail, first, repeated, taken_mail, no_unit, no_title, hash, unnamed,
        ];
        let plan = planned(&Stage::province(), &import(rows), &["taken@tinh.example"]);
        assert_eq!(
            outcomes(&plan),
            [
                Refused(Reason::MailMalformed),
                Added,
                Refused(Reason::IdentifierRepeated),
                Refused(Reason::IdentifierTaken),
                Refused(Reason::UnitUnknown),
                Refused(Reason::PositionTitleMalformed),
                Refused(Reason::PasswordHashUnsupported),
                Refused(Reason::UserNameMissing),
            ]
        );
        assert!(!plan.is_clean());
    }

    #[test]
    fn existing_accounts_are_refused_or_passed_over() {
        let mut wanted = import(vec![row(Some("binh"), "Lê Bình")]);
        let stage = Stage::province();
        assert_eq!(
            outcomes(&planned(&stage, &wanted, &["binh"])),
            [Refused(Reason::IdentifierTaken)]
        );
        wanted.existing = ExistingAccounts::Skip;
        let plan = planned(&stage, &wanted, &["binh"]);
        assert_eq!((outcomes(&plan), plan.users.len()), (vec![Skipped], 0));
    }

    #[test]
    fn a_file_makes_no_active_administrators_and_keeps_to_the_reach() {
        let mut administrator = row(Some("a1"), "Lê An");
        administrator.roles = vec!["unit-administrator".into()];
        let mut kind = row(Some("a2"), "Lê An");
        kind.kind = Some(AccountKind::Administrator);
        let mut elsewhere = row(Some("a3"), "Lê An");
        elsewhere.unit = Some("H42.06".into());
        let wanted = import(vec![administrator, kind, elsewhere]);
        let plan = planned(&Stage::province(), &wanted, &[]);
        assert!(plan.is_clean());
        let active: Vec<_> = plan
            .users
            .iter()
            .map(|u| (u.user.is_active(), u.link))
            .collect();
        assert_eq!(active, [(false, false), (false, false), (true, true)]);
        assert!(
            plan.users
                .iter()
                .flat_map(|u| &u.user.identifiers)
                .all(|i| i.verified.is_none())
        );
        let outside = Refused(Reason::OutsideScope);
        assert_eq!(
            outcomes(&planned(&Stage::health(), &wanted, &[])),
            [outside; 3]
        );
    }

    #[test]
    fn an_import_is_resumed_only_with_the_same_rows() {
        let stage = Stage::province();
        let wanted = import(vec![
            row(Some("an"), "Nguyễn an"),
            row(Some("binh"), "Lê Bình"),
        ]);
        let mut facts = ImportFacts::default();
        facts.applied.insert(0, sample::user("an"));
        facts.owners.insert(IdentifierKey::of("binh"), None);
        let mut entropy = sample::entropy();
        let step = plan(&stage.act(), &wanted, &facts, &mut entropy).unwrap();
        let PlanStep::Planned(resumed) = step else {
            panic!("nothing is left to look up")
        };
        assert_eq!(outcomes(&resumed), [Added, Added]);
        assert_eq!(
            resumed.users.iter().map(|u| u.place).collect::<Vec<_>>(),
            [1]
        );
        facts.applied.insert(1, sample::user("khac"));
        let refused = plan(&stage.act(), &wanted, &facts, &mut entropy).unwrap_err();
        assert_eq!(refused, Reason::ChangeSetNotResumable);
        let empty = plan(&stage.act(), &import(Vec::new()), &facts, &mut entropy).unwrap_err();
        assert_eq!(empty, Reason::ImportEmpty);
    }
}
