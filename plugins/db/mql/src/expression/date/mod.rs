//! Operators on dates.

/// Whether the operator takes a date by itself as well as `{date, timezone}`.
pub(super) fn takes_date_or_document(name: &str) -> bool {
    matches!(
        name,
        "$dayOfMonth"
            | "$dayOfWeek"
            | "$dayOfYear"
            | "$hour"
            | "$isoDayOfWeek"
            | "$isoWeek"
            | "$isoWeekYear"
            | "$millisecond"
            | "$minute"
            | "$month"
            | "$second"
            | "$week"
            | "$year"
    )
}
