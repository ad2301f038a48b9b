//! The list of cases, from which both the runner and the tests of providers are made.

use futures_util::FutureExt;

use super::desk::Desk;
use super::fixture::Fixture;
use crate::conformance::attempt::Case;

/// Makes one `#[test]` for each case of the [contract of login providers](crate::conformance::login), in
/// a module for each group. `$open` is an async function that opens a
/// [`Fixture`](crate::conformance::login::Fixture); each test calls it once.
#[macro_export]
macro_rules! conformance_login {
    ($open:ident) => {
        $crate::__conformance_login_cases! { __conformance_login_tests $open }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_login_cases {
    ($with:ident $($open:ident)?) => {
        $crate::$with! { [$($open)?]
            users {
                a_user_stays_the_same users_are_apart the_only_app_need_not_be_named
            }
            refusals {
                codes_that_the_platform_does_not_take apps_that_the_platform_does_not_take apps_that_are_not_there
                a_platform_that_is_away
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_login_tests {
    ([$open:ident] $($group:ident { $($case:ident)* })*) => {
        $(
            mod $group {
                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::login::run_case(concat!(stringify!($group), "::", stringify!($case)), super::$open);
                    }
                )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_login_table {
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

crate::__conformance_login_cases! { __conformance_login_table }
