//! The list of cases, from which both the runner and the tests of adapters are made.

use futures_util::FutureExt;

use super::desk::Desk;
use super::fixture::Fixture;
use crate::conformance::attempt::Case;

/// Makes one `#[test]` for each case of the [contract of adapters](crate::conformance::cloudcall), in
/// a module for each group. `$open` is an async function that opens a
/// [`Fixture`](crate::conformance::cloudcall::Fixture); each test calls it once.
#[macro_export]
macro_rules! conformance_cloudcall {
    ($open:ident) => {
        $crate::__conformance_cloudcall_cases! { __conformance_cloudcall_tests $open }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cloudcall_cases {
    ($with:ident $($open:ident)?) => {
        $crate::$with! { [$($open)?]
            description {
                names_are_unique effects_have_their_arguments settings_are_explained it_stays_the_same
            }
            settings {
                good_ones_are_accepted what_is_missing_is_named what_cannot_be_used_is_named nothing_is_done_with_bad_ones
            }
            arguments {
                an_unknown_api what_is_missing
            }
            orders {
                they_are_made_and_paid payments_at_once amounts_are_exact they_are_ended what_is_not_there
                many_at_the_same_time
            }
            refunds {
                they_tell_of_themselves a_number_moves_money_once what_is_not_there
            }
            transfers {
                they_tell_of_themselves a_number_moves_money_once what_is_not_there
            }
            outcomes {
                a_refusal_is_an_answer lost_answers_are_unknown_and_found silence_is_unknown_and_found
                asking_again_is_safe nobody_guesses
            }
            notifications {
                genuine_ones_are_told forged_ones_are_not changed_ones_are_not ones_for_others_are_not broken_ones_are_refused
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cloudcall_tests {
    ([$open:ident] $($group:ident { $($case:ident)* })*) => {
        $(
            mod $group {
                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::cloudcall::run_case(concat!(stringify!($group), "::", stringify!($case)), super::$open);
                    }
                )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cloudcall_table {
    ([] $($group:ident { $($case:ident)* })*) => {
        /// The names of all cases.
        pub(super) const NAMES: &[&str] = &[$($(concat!(stringify!($group), "::", stringify!($case)),)*)*];

        /// All cases.
        pub(super) fn all<F: Fixture>() -> Vec<Case<Desk<F>>> {
            vec![$($(
                Case { name: concat!(stringify!($group), "::", stringify!($case)), run: |desk| super::$group::$case(desk).boxed() },
            )*)*]
        }
    };
}

crate::__conformance_cloudcall_cases! { __conformance_cloudcall_table }
