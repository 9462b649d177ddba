//! A CSV file of people, read into the rows of an import. Nothing here trusts the file.

use idp_admin_api::user::AccountKind;
use idp_admin_api::user_import::{MAX_ROWS, UserImportRow};
use idp_core::base::text::search_key;

/// What is wrong with a file before any of its rows can be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// Spreadsheets save "Unicode text" as UTF-16, older ones as TCVN3 or Windows-1258.
    #[error("the file is not UTF-8; save it as \"CSV UTF-8\"")]
    NotUtf8,
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// A column that is not known is more likely a typing error than something to ignore.
    #[error("the column \"{0}\" is not known; see `idp help user import`")]
    UnknownColumn(String),
    /// Two columns mean the same.
    #[error("the column \"{0}\" is there twice")]
    RepeatedColumn(String),
    /// Without it no account can be made.
    #[error("the column name (họ và tên) is missing")]
    NoName,
    /// No rows below the header.
    #[error("the file holds no rows below the names of the columns")]
    NoRows,
    /// More than one import takes.
    #[error("the file holds more than {MAX_ROWS} rows; split it")]
    TooManyRows,
    /// The row has more cells than there are columns, or a quotation mark is not closed.
    #[error("line {0}: the row does not fit the columns")]
    Uneven(u64),
    /// The account kind is not one of the documented words.
    #[error("line {line}: the kind \"{kind}\" is not known")]
    UnknownKind {
        /// Where.
        line: u64,
        /// What stands there.
        kind: String,
    },
}

/// What a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    UserName,
    Name,
    Mail,
    Mobile,
    PersonalId,
    EmployeeCode,
    Formatted,
    StreetAddress,
    Locality,
    Region,
    PostalCode,
    Country,
    Unit,
    Title,
    Roles,
    Kind,
    PasswordHash,
}

/// The names of columns without diacritics, lower case, single spaces.
const COLUMNS: &[(Field, &[&str])] = &[
    (
        Field::UserName,
        &["user name", "username", "ten dang nhap", "tai khoan"],
    ),
    (Field::Name, &["name", "full name", "ho va ten", "ho ten"]),
    (
        Field::Mail,
        &["mail", "email", "e mail", "thu dien tu", "thu cong vu"],
    ),
    (
        Field::Mobile,
        &["mobile", "phone", "so dien thoai", "dien thoai", "di dong"],
    ),
    (
        Field::PersonalId,
        &[
            "personal id",
            "so dinh danh",
            "so dinh danh ca nhan",
            "cccd",
            "so cccd",
            "can cuoc",
        ],
    ),
    (
        Field::EmployeeCode,
        &["employee code", "ma nhan vien", "ma can bo", "ma cbccvc"],
    ),
    (
        Field::Formatted,
        &["address", "formatted", "dia chi", "dia chi day du"],
    ),
    (
        Field::StreetAddress,
        &["street address", "street", "so nha", "so nha duong"],
    ),
    (
        Field::Locality,
        &["locality", "commune", "xa", "phuong", "xa phuong"],
    ),
    (
        Field::Region,
        &["region", "province", "tinh", "tinh thanh", "tinh thanh pho"],
    ),
    (Field::PostalCode, &["postal code", "zip", "ma buu chinh"]),
    (Field::Country, &["country", "quoc gia"]),
    (
        Field::Unit,
        &[
            "unit",
            "unit code",
            "ma don vi",
            "ma dinh danh don vi",
            "don vi",
        ],
    ),
    (
        Field::Title,
        &["title", "position", "chuc vu", "chuc danh", "vi tri"],
    ),
    (Field::Roles, &["roles", "role", "vai tro"]),
    (Field::Kind, &["kind", "loai tai khoan", "loai"]),
    (Field::PasswordHash, &["password hash", "ma bam mat khau"]),
];

const KINDS: &[(AccountKind, &[&str])] = &[
    (
        AccountKind::Official,
        &[
            "official",
            "can bo",
            "cong chuc",
            "vien chuc",
            "can bo cong chuc",
        ],
    ),
    (AccountKind::Citizen, &["citizen", "cong dan"]),
    (
        AccountKind::Organisation,
        &["organisation", "to chuc", "doanh nghiep"],
    ),
    (
        AccountKind::Administrator,
        &["administrator", "quan tri", "quan tri vien"],
    ),
    (AccountKind::Service, &["service", "dich vu", "he thong"]),
];

/// The rows of a file: UTF-8 with or without a byte-order mark, separated by commas, semicolons
/// or tabs, whichever the first line holds most of. Empty rows are passed over.
///
/// # Errors
/// The first thing that is wrong with the file as a whole; the values themselves are judged by
/// the server, row by row.
pub fn parse(bytes: &[u8]) -> Result<Vec<UserImportRow>, FileProblem> {
    let text = std::str::from_utf8(bytes).map_err(|_| FileProblem::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    // One kind of line end: the reader takes a lone CR for one, too, but does not count it, and
    // people are told lines.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.as_str();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .has_headers(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| FileProblem::Uneven(1))?;
    let fields = fields_of(header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|e| FileProblem::Uneven(e.position().map_or(0, csv::Position::line)))?;
        let line = record.position().map_or(0, |at| line_of(text, at));
        if record.iter().all(str::is_empty) {
            continue;
        }
        if record.len() > fields.len() {
            return Err(FileProblem::Uneven(line));
        }
        if rows.len() == MAX_ROWS {
            return Err(FileProblem::TooManyRows);
        }
        rows.push(row(line, &fields, &record)?);
    }
    if rows.is_empty() {
        return Err(FileProblem::NoRows);
    }
    Ok(rows)
}

/// The line on which a record begins. The reader's own position lies before the empty lines that
/// it passed over.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let offset = usize::try_from(at.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(offset..).unwrap_or_default();
    at.line() + rest.iter().take_while(|b| **b == b'\n').count() as u64
}

/// The separator that stands most often in the first line, outside quotation marks.
fn delimiter(text: &str) -> u8 {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in first.bytes() {
        quoted ^= byte == b'"';
        for (separator, count) in &mut counts {
            *count += usize::from(!quoted && byte == *separator);
        }
    }
    // The comma wins a tie: `max_by_key` takes the last of equals.
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(separator, _)| *separator)
}

fn fields_of(header: &csv::StringRecord) -> Result<Vec<Field>, FileProblem> {
    let mut fields = Vec::with_capacity(header.len());
    for heading in header {
        let key = search_key(&heading.replace(['_', '-', '.'], " "));
        let field = COLUMNS
            .iter()
            .find(|(_, names)| names.contains(&key.as_str()))
            .map(|(field, _)| *field)
            .ok_or_else(|| FileProblem::UnknownColumn(heading.chars().take(60).collect()))?;
        if fields.contains(&field) {
            return Err(FileProblem::RepeatedColumn(heading.to_owned()));
        }
        fields.push(field);
    }
    fields
        .contains(&Field::Name)
        .then_some(fields)
        .ok_or(FileProblem::NoName)
}

fn row(
    line: u64,
    fields: &[Field],
    record: &csv::StringRecord,
) -> Result<UserImportRow, FileProblem> {
    let mut row = UserImportRow {
        line,
        ..UserImportRow::default()
    };
    for (field, cell) in fields.iter().zip(record) {
        let cell = disarmed(cell);
        if cell.is_empty() {
            continue;
        }
        let value = Some(cell.to_owned());
        match field {
            Field::UserName => row.user_name = value,
            Field::Name => row.name = cell.to_owned(),
            Field::Mail => row.mail = value,
            Field::Mobile => row.mobile = value,
            Field::PersonalId => row.personal_id = value,
            Field::EmployeeCode => row.employee_code = value,
            Field::Formatted => row.address.formatted = value,
            Field::StreetAddress => row.address.street_address = value,
            Field::Locality => row.address.locality = value,
            Field::Region => row.address.region = value,
            Field::PostalCode => row.address.postal_code = value,
            Field::Country => row.address.country = value,
            Field::Unit => row.unit = value,
            Field::Title => row.title = value,
            Field::Roles => row.roles = roles(cell),
            Field::Kind => row.kind = Some(kind(line, cell)?),
            Field::PasswordHash => row.password_hash = value,
        }
    }
    Ok(row)
}

/// The cell without the apostrophe that our own exports put before what looks like a formula.
fn disarmed(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

fn roles(cell: &str) -> Vec<String> {
    cell.split(['|', ',', ';', ' ', '\n'])
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn kind(line: u64, cell: &str) -> Result<AccountKind, FileProblem> {
    let key = search_key(&cell.replace(['_', '-', ','], " "));
    KINDS
        .iter()
        .find(|(_, names)| names.contains(&key.as_str()))
        .map(|(kind, _)| *kind)
        .ok_or_else(|| FileProblem::UnknownKind {
            line,
            kind: cell.chars().take(60).collect(),
        })
}

#[cfg(test)]
#[path = "import_file_tests.rs"]
mod tests;
