//! The operators that take their arguments by position.

use super::call::{Function, Run};
use super::{accumulate, arithmetic, array, compare, conversion, object, rounding, set, string, transcendental};

const ANY: usize = usize::MAX;

/// The operator of a name, `$` included.
pub(super) fn find(name: &str) -> Option<Function> {
    use Run::{Comparing, Plain};
    let (least, most, run) = match name {
        "$cmp" => (2, 2, Comparing(compare::cmp)),
        "$eq" => (2, 2, Comparing(compare::eq)),
        "$gt" => (2, 2, Comparing(compare::gt)),
        "$gte" => (2, 2, Comparing(compare::gte)),
        "$lt" => (2, 2, Comparing(compare::lt)),
        "$lte" => (2, 2, Comparing(compare::lte)),
        "$ne" => (2, 2, Comparing(compare::ne)),
        "$not" => (1, 1, Plain(compare::not)),

        "$arrayElemAt" => (2, 2, Plain(array::array_elem_at)),
        "$concatArrays" => (0, ANY, Plain(array::concat_arrays)),
        "$in" => (2, 2, Comparing(array::is_in)),
        "$indexOfArray" => (2, 4, Comparing(array::index_of_array)),
        "$isArray" => (1, 1, Plain(array::is_array)),
        "$range" => (2, 3, Plain(array::range)),
        "$reverseArray" => (1, 1, Plain(array::reverse_array)),
        "$size" => (1, 1, Plain(array::size)),
        "$slice" => (2, 3, Plain(array::slice)),

        "$abs" => (1, 1, Plain(arithmetic::abs)),
        "$add" => (0, ANY, Plain(arithmetic::add)),
        "$ceil" => (1, 1, Plain(rounding::ceil)),
        "$divide" => (2, 2, Plain(arithmetic::divide)),
        "$exp" => (1, 1, Plain(transcendental::exp)),
        "$floor" => (1, 1, Plain(rounding::floor)),
        "$ln" => (1, 1, Plain(transcendental::ln)),
        "$log" => (2, 2, Plain(transcendental::log)),
        "$log10" => (1, 1, Plain(transcendental::log10)),
        "$mod" => (2, 2, Plain(arithmetic::modulo)),
        "$multiply" => (0, ANY, Plain(arithmetic::multiply)),
        "$pow" => (2, 2, Plain(transcendental::pow)),
        "$round" => (1, 2, Plain(rounding::round)),
        "$sqrt" => (1, 1, Plain(transcendental::sqrt)),
        "$subtract" => (2, 2, Plain(arithmetic::subtract)),
        "$trunc" => (1, 2, Plain(rounding::trunc)),

        "$acos" => (1, 1, Plain(transcendental::acos)),
        "$acosh" => (1, 1, Plain(transcendental::acosh)),
        "$asin" => (1, 1, Plain(transcendental::asin)),
        "$asinh" => (1, 1, Plain(transcendental::asinh)),
        "$atan" => (1, 1, Plain(transcendental::atan)),
        "$atan2" => (2, 2, Plain(transcendental::atan2)),
        "$atanh" => (1, 1, Plain(transcendental::atanh)),
        "$cos" => (1, 1, Plain(transcendental::cos)),
        "$cosh" => (1, 1, Plain(transcendental::cosh)),
        "$degreesToRadians" => (1, 1, Plain(transcendental::degrees_to_radians)),
        "$radiansToDegrees" => (1, 1, Plain(transcendental::radians_to_degrees)),
        "$sin" => (1, 1, Plain(transcendental::sin)),
        "$sinh" => (1, 1, Plain(transcendental::sinh)),
        "$tan" => (1, 1, Plain(transcendental::tan)),
        "$tanh" => (1, 1, Plain(transcendental::tanh)),

        "$concat" => (0, ANY, Plain(string::concat)),
        "$indexOfBytes" => (2, 4, Plain(string::index_of_bytes)),
        "$indexOfCP" => (2, 4, Plain(string::index_of_cp)),
        "$split" => (2, 2, Plain(string::split)),
        "$strLenBytes" => (1, 1, Plain(string::str_len_bytes)),
        "$strLenCP" => (1, 1, Plain(string::str_len_cp)),
        "$strcasecmp" => (2, 2, Plain(string::strcasecmp)),
        "$substr" | "$substrBytes" => (3, 3, Plain(string::substr_bytes)),
        "$substrCP" => (3, 3, Plain(string::substr_cp)),
        "$toLower" => (1, 1, Plain(string::to_lower)),
        "$toUpper" => (1, 1, Plain(string::to_upper)),

        "$allElementsTrue" => (1, 1, Plain(set::all_elements_true)),
        "$anyElementTrue" => (1, 1, Plain(set::any_element_true)),
        "$setDifference" => (2, 2, Comparing(set::set_difference)),
        "$setEquals" => (2, ANY, Comparing(set::set_equals)),
        "$setIntersection" => (0, ANY, Comparing(set::set_intersection)),
        "$setIsSubset" => (2, 2, Comparing(set::set_is_subset)),
        "$setUnion" => (0, ANY, Comparing(set::set_union)),

        "$arrayToObject" => (1, 1, Plain(object::array_to_object)),
        "$objectToArray" => (1, 1, Plain(object::object_to_array)),
        "$type" => (1, 1, Plain(conversion::type_of)),

        "$avg" => (0, ANY, Plain(accumulate::avg)),
        "$max" => (0, ANY, Comparing(accumulate::max)),
        "$mergeObjects" => (0, ANY, Plain(accumulate::merge_objects)),
        "$min" => (0, ANY, Comparing(accumulate::min)),
        "$stdDevPop" => (0, ANY, Plain(accumulate::std_dev_pop)),
        "$stdDevSamp" => (0, ANY, Plain(accumulate::std_dev_samp)),
        "$sum" => (0, ANY, Plain(accumulate::sum)),
        _ => return None,
    };
    Some(Function { least, most, run })
}
