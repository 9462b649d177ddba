//! Colour and icon of an application.

/// Which of the two applications this one looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// *Văn phòng điện tử*: blue, a document.
    Office,
    /// *Một cửa điện tử*: green, an open door.
    OneStop,
}

const SHARED: &str = include_str!("app.css");

const OFFICE: &str = ":root {
  --accent: #2746a0; --accent-strong: #1b3380; --accent-ink: #ffffff; --tint: #e8edfb;
  --band: #1b3380; --band-end: #3a5fc8; --band-ink: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --accent: #a9bdff; --accent-strong: #c6d3ff; --accent-ink: #0c1a44; --tint: #222e52;
    --band: #152659; --band-end: #24418f;
  }
}
";

const ONE_STOP: &str = ":root {
  --accent: #0b6654; --accent-strong: #084c3f; --accent-ink: #ffffff; --tint: #e2f3ee;
  --band: #084c3f; --band-end: #0e7763; --band-ink: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --accent: #7fdcc6; --accent-strong: #a8ebdb; --accent-ink: #04251e; --tint: #153c35;
    --band: #07372e; --band-end: #0c594a;
  }
}
";

/// The whole style sheet: the theme's colours, then the shared rules.
pub(super) fn style(theme: Theme) -> String {
    let colours = match theme {
        Theme::Office => OFFICE,
        Theme::OneStop => ONE_STOP,
    };
    format!("{colours}\n{SHARED}")
}

/// The icon, in the theme's own colours so that it is recognisable on every ground.
pub(super) fn icon(theme: Theme) -> &'static str {
    match theme {
        Theme::Office => {
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 48 48\">\
             <rect width=\"48\" height=\"48\" rx=\"12\" fill=\"#2746a0\"/>\
             <path fill=\"#fff\" d=\"M14 9h14l8 8v20a2 2 0 0 1-2 2H14a2 2 0 0 1-2-2V11a2 2 0 0 1 2-2z\"/>\
             <path fill=\"#a9bdff\" d=\"M28 9l8 8h-6a2 2 0 0 1-2-2z\"/>\
             <path stroke=\"#2746a0\" stroke-width=\"2.4\" stroke-linecap=\"round\" d=\"M17 22h14M17 27.5h14M17 33h8\"/>\
             <circle cx=\"33\" cy=\"35\" r=\"6\" fill=\"#d9342b\" stroke=\"#fff\" stroke-width=\"2\"/></svg>"
        }
        Theme::OneStop => {
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 48 48\">\
             <rect width=\"48\" height=\"48\" rx=\"12\" fill=\"#0b6654\"/>\
             <path fill=\"#fff\" d=\"M11 38V14a4 4 0 0 1 4-4h18a4 4 0 0 1 4 4v24h-4V14H15v24z\"/>\
             <path fill=\"#7fdcc6\" d=\"M17 16l12 4v20l-12-3z\"/>\
             <circle cx=\"26\" cy=\"29\" r=\"1.8\" fill=\"#0b6654\"/>\
             <path stroke=\"#fff\" stroke-width=\"3\" stroke-linecap=\"round\" d=\"M8 39.5h32\"/></svg>"
        }
    }
}
