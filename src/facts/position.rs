//! Positions and distances on the globe.

use crate::facts::reading;
use crate::json::ValueRef;
use crate::math::{atan, cos, sin, sqrt};
use crate::plan::tables::Place;
use crate::plan::{Ids, Plan};

/// The mean radius of the Earth in metres: R1 of the International Union of Geodesy and Geophysics.
const EARTH: f64 = 6_371_008.8;

/// A position on the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    latitude: f64,
    longitude: f64,
}

impl Position {
    /// Creates a position from degrees north and east; `None` outside of the globe's range.
    pub(crate) fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let is_on_globe = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        is_on_globe.then_some(Self { latitude, longitude })
    }

    /// Reads the position from an object with `latitude` and `longitude`.
    pub(crate) fn of(found: ValueRef<'_>) -> Option<Self> {
        let degrees = |name| reading::number(found.walk([name]));
        Self::new(degrees("latitude")?, degrees("longitude")?)
    }

    /// Returns the great-circle distance in whole metres, by the haversine formula.
    ///
    /// Source: R. W. Sinnott, Virtues of the Haversine, Sky and Telescope 68, 1984. The Earth is not a perfect sphere,
    /// so the error is up to half a percent.
    pub(crate) fn metres_to(self, other: Self) -> f64 {
        let half = |a: f64, b: f64| sin((b - a).to_radians() / 2.0);
        let (north, east) = (half(self.latitude, other.latitude), half(self.longitude, other.longitude));
        let shrink = cos(self.latitude.to_radians()) * cos(other.latitude.to_radians());
        let haversine = (north * north + shrink * east * east).clamp(0.0, 1.0);
        let angle = 2.0 * atan(sqrt(haversine) / sqrt(1.0 - haversine));
        let metres = EARTH * angle + 0.5;
        metres - metres % 1.0
    }
}

/// Returns the nearest of these places and its distance in metres, or of all places if the list is empty.
///
/// The first one wins a tie.
pub(crate) fn nearest(plan: &Plan, among: Ids<Place>, from: Position) -> Option<(Place, f64)> {
    let metres = |place: Place| Some((place, from.metres_to(Position::new(place.latitude, place.longitude)?)));
    let nearer = |best: (Place, f64), other: (Place, f64)| if other.1 < best.1 { other } else { best };
    if among.is_empty() {
        plan.rows(plan.all::<Place>()).filter_map(|(_, place)| metres(place)).reduce(nearer)
    } else {
        plan.list(among).filter_map(|id| metres(plan.get(id)?)).reduce(nearer)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "whole metres, in a test")]
mod tests {
    use super::*;

    #[track_caller]
    fn metres(a: [f64; 2], b: [f64; 2]) -> f64 {
        let [a, b] = [a, b].map(|[latitude, longitude]| Position::new(latitude, longitude).unwrap());
        assert_eq!(a.metres_to(b), b.metres_to(a));
        a.metres_to(b)
    }

    #[test]
    fn distances_are_those_of_a_sphere() {
        let quarter = 10_007_557.0;
        assert_eq!(metres([0.0, 0.0], [90.0, 0.0]), quarter);
        assert_eq!(metres([0.0, 0.0], [0.0, 90.0]), quarter);
        assert_eq!(metres([0.0, 0.0], [0.0, 180.0]), 2.0 * quarter, "as far as can be");
        assert_eq!(metres([90.0, 0.0], [-90.0, 77.0]), 2.0 * quarter, "from pole to pole");
        assert_eq!(metres([90.0, 10.0], [90.0, -170.0]), 0.0, "a pole is one place");
        assert_eq!(metres([48.2082, 16.3738], [48.2082, 16.3738]), 0.0);
        assert_eq!(metres([0.0, 179.5], [0.0, -179.5]), metres([0.0, 0.0], [0.0, 1.0]), "over the date line");
        // Nashville to Los Angeles, the usual example.
        assert!((metres([36.12, -86.67], [33.94, -118.40]) - 2_886_448.0).abs() < 10.0);
    }

    #[test]
    fn they_are_what_the_standard_library_gives() {
        for step in 0..2000_u32 {
            let at = |k: f64, span: f64| (f64::from(step) * k) % span - span / 2.0;
            let (a, b) = ([at(7.13, 180.0), at(11.7, 360.0)], [at(3.77, 180.0), at(29.3, 360.0)]);
            let [phi, theta] = [a[0], b[0]].map(f64::to_radians);
            let h = ((theta - phi) / 2.0).sin().powi(2)
                + phi.cos() * theta.cos() * ((b[1] - a[1]).to_radians() / 2.0).sin().powi(2);
            let wanted = 2.0 * EARTH * h.sqrt().min(1.0).asin();
            assert!((metres(a, b) - wanted).abs() <= 0.501 + wanted * 1e-12, "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_is_not_on_the_globe_is_no_place() {
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Position::new(latitude, longitude), None);
        }
    }
}
