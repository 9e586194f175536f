//! Numbers in the answers of gateways, which write them as they please: 1, 1.0, "1". Owns how they are read, and that no
//! digit is made up.

use domain::credit::CreditBalance;
use domain::delivery::Credits;
use serde_json::Value;

/// The largest number that a float holds exactly.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A number, given as an integer, as a float or as a string of either.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number| number.is_finite())
}

/// A [`number`] that counts something: whole, not negative, and not so large that digits were lost.
pub(super) fn whole(value: &Value) -> Option<u64> {
    let number = number(value)?;
    let counts = number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&number);
    // By way of text, because a cast would hide what does not fit.
    if counts { format!("{:.0}", number.abs()).parse().ok() } else { None }
}

/// An amount of credits; none where it is negative or too much to be one.
pub(super) fn credits(amount: f64) -> Option<Credits> {
    let thousandths = (amount * 1000.0).round();
    let fits = (0.0..=f64::from(u32::MAX)).contains(&thousandths);
    if fits { format!("{thousandths:.0}").parse().ok().map(Credits::from_thousandths) } else { None }
}

/// What is left; an account in debt has nothing left.
pub(super) fn balance(credits: f64) -> CreditBalance {
    let thousandths = (credits * 1000.0).clamp(0.0, CreditBalance::MAX.as_f64() * 1000.0);
    CreditBalance::from_thousandths(format!("{thousandths:.0}").parse().unwrap_or_default())
}
