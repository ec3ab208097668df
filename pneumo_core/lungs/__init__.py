"""Where the lungs are on a film, and how much of a map lies inside them."""
