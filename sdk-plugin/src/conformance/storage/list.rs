//! The list of cases, from which both the runner and the tests of backends are made.

use super::Backend;
use super::space::Space;

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
                what_is_put_is_read an_empty_object parts missing_objects replacing_changes_the_etag deleting_twice
            }
            keys {
                bad_keys_are_refused keys_are_exact an_object_and_a_folder_of_one_name
            }
            lists {
                pages_in_the_order_of_keys prefixes limits
            }
            spaces {
                spaces_do_not_see_each_other a_folder_goes_alone a_deleted_space_is_empty
            }
            faults {
                a_body_that_fails_leaves_the_old_object a_body_that_is_too_short a_caller_that_gives_up
                readers_see_one_version
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
macro_rules! __conformance_storage_runner {
    ([] $($group:ident { $($case:ident)* })*) => {
        /// Runs the case with a name such as `objects::parts`.
        pub(super) async fn run<B: Backend>(name: &str, space: Space<B>) {
            match name {
                $($(
                    concat!(stringify!($group), "::", stringify!($case)) => super::$group::$case(space).await,
                )*)*
                _ => panic!("there is no case `{name}`"),
            }
        }
    };
}

crate::__conformance_storage_cases! { __conformance_storage_runner }
