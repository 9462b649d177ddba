//! The page on which a person with several positions chooses one for an application.

use super::{FormTarget, page};

/// Asks for one of the person's positions. Fields: `csrf`, `pending`, `position`.
#[derive(Clone, Debug)]
pub struct ChoosePositionPage {
    /// Where the form goes.
    pub form: FormTarget,
    /// Identifier of the pending sign-in, sent back as the hidden field `pending`.
    pub pending: String,
    /// Name of the application that the position is for.
    pub application: String,
    /// The positions, in the order shown.
    pub positions: Vec<PositionChoice>,
}

/// One position to choose.
#[derive(Clone, Debug)]
pub struct PositionChoice {
    /// What the form sends for it.
    pub value: String,
    /// The position's title, such as "Chuyên viên".
    pub title: String,
    /// The unit's name.
    pub unit_name: String,
    /// The units above, from the highest down, without the unit itself.
    pub unit_path: Vec<String>,
    /// Whether it is the person's main position; the main one is chosen beforehand.
    pub main: bool,
}

page!(ChoosePositionPage, "choose_position.html");
