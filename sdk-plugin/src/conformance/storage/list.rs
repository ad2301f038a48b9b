//! The list of cases, from which both the runner and the tests of backends are made.

use futures_util::FutureExt;

use super::space::Space;
use crate::conformance::case::Case;

/// Makes one `#[test]` for each case of the [storage contract](crate::conformance::storage), in a
/// module for each group. `$open` is an async function that opens a
/// [`Backend`](crate::conformance::storage::Backend); each test calls it once.
#[macro_export]
macro_rules! conformance_storage {
    ($open:ident) => {
        $crate::__conformance_storage_cases! { __conformance_storage_tests $open }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_storage_cases {
    ($with:ident $($open:ident)?) => {
        $crate::$with! { [$($open)?]
            objects {
                what_is_put_is_read an_empty_object parts a_large_object missing_objects replacing deleting_twice
            }
            keys {
                bad_keys_are_refused keys_are_exact every_printable_character the_longest_key
                an_object_and_a_folder_of_one_name
            }
            lists {
                pages_in_the_order_of_keys prefixes after_any_key more_than_a_page limits white_space_at_the_end
                what_stays_is_listed_once
            }
            spaces {
                are_apart a_folder_goes_alone a_deleted_one_is_empty many_objects_go_at_once
            }
            failures {
                a_body_that_fails_leaves_the_old_object a_body_that_fails_at_once a_body_of_another_length
                a_put_without_a_body a_caller_that_gives_up a_reader_that_gives_up
            }
            concurrency {
                readers_see_one_version a_slow_reader_sees_one_version puts_of_one_key puts_and_deletes_in_one_folder
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_storage_tests {
    ([$open:ident] $($group:ident { $($case:ident)* })*) => {
        $(
            mod $group {
                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::storage::run_case(concat!(stringify!($group), "::", stringify!($case)), super::$open);
                    }
                )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_storage_table {
    ([] $($group:ident { $($case:ident)* })*) => {
        /// All cases.
        pub(super) const CASES: &[Case<Space>] = &[
            $($(
                Case { name: concat!(stringify!($group), "::", stringify!($case)), run: |space| super::$group::$case(space).boxed() },
            )*)*
        ];
    };
}

crate::__conformance_storage_cases! { __conformance_storage_table }
