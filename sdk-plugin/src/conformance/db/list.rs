//! The list of cases, from which both the runner and the tests of backends are made.

use futures_util::FutureExt;

use super::space::Space;
use crate::conformance::case::Case;

/// Makes one `#[test]` for each case of the [database contract](crate::conformance::db), in a
/// module for each group. `$open` is an async function that opens a
/// [`Backend`](crate::conformance::db::Backend); each test calls it once.
#[macro_export]
macro_rules! conformance_db {
    ($open:ident) => {
        $crate::__conformance_db_cases! { __conformance_db_tests $open }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_db_cases {
    ($with:ident $($open:ident)?) => {
        $crate::$with! { [$($open)?]
            insert {
                one_answers_the_new_id one_keeps_a_given_id one_puts_the_id_first one_refuses_a_taken_id
                one_refuses_what_is_no_id one_bounds_documents many_answers_ids_by_place
                many_stops_at_an_error_unless_unordered many_stores_large_batches
            }
            find {
                answers_an_array one_answers_a_document limits pages_by_id_see_every_document_once
                sorts_by_several_fields sorts_values_of_all_types sorts_arrays_and_missing_fields projections
                collations time_limits
            }
            queries {
                comparison logical element evaluation arrays nested_documents bits json_schema unknown_operators
            }
            reads {
                count distinct
            }
            values {
                dates_in_documents dates_in_updates_filters_and_pipelines other_texts_are_no_dates extended_json
                what_comes_back numbers_are_compared_by_value ids_as_texts
            }
            update {
                answers_what_matched_and_what_changed operators positional_operators pipelines upserts
                replaces_all_but_the_id refuses_what_cannot_be_done
            }
            find_and_modify {
                update update_with_upsert replace delete
            }
            delete {
                answers_how_many needs_a_filter
            }
            checks {
                filters_are_objects documents_are_objects field_names options commands_and_collections
            }
            aggregate {
                shapes_documents orders_and_pages groups unwinds looks_up writes_results spills_when_it_may
                refuses_what_is_no_pipeline explains
            }
            indexes {
                create_as_in_the_manual create_several conflicts list drop are_for_operators are_chosen_and_shown
                hints_force change_no_answer answer_sorts follow_writes sparse_and_partial_lose_no_document
                refuse_parallel_arrays
                update_each_document_once
            }
            unique {
                refuses_a_taken_value counts_missing_as_null cannot_be_made_over_duplicates
                compares_all_fields_of_a_compound_one compares_elements_of_arrays sparse_lets_many_lack_the_field
                partial_counts_only_what_it_has
            }
            geo {
                near_sphere near_needs_an_index within intersects geo_near an_indexed_field_holds_only_places
            }
            transactions {
                a_commit_makes_all_changes a_rollback_makes_none reads_are_of_one_moment another_one_fails_at_once
                a_writer_outside_waits only_for_single_documents not_for_clients need_their_id a_taken_value_ends_it
                end_after_ten_seconds transfers_under_contention
            }
            collections {
                create_and_list drop rename stats are_for_operators
            }
            bulk {
                a_dump_can_be_loaded pages_are_bounded texts_stay_texts errors_are_told_by_place
                refuses_what_is_no_bson
            }
            spaces {
                are_apart a_deleted_one_is_empty
            }
            concurrency {
                no_update_is_lost upserts_make_one_document an_id_is_inserted_once a_unique_value_is_let_in_once
                each_document_is_taken_once an_index_is_made_while_others_write
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_db_tests {
    ([$open:ident] $($group:ident { $($case:ident)* })*) => {
        $(
            mod $group {
                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::db::run_case(concat!(stringify!($group), "::", stringify!($case)), super::$open);
                    }
                )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_db_table {
    ([] $($group:ident { $($case:ident)* })*) => {
        /// All cases.
        pub(super) const CASES: &[Case<Space>] = &[
            $($(
                Case { name: concat!(stringify!($group), "::", stringify!($case)), run: |space| super::$group::$case(space).boxed() },
            )*)*
        ];
    };
}

crate::__conformance_db_cases! { __conformance_db_table }
