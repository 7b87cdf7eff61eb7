"""Third floor: secret ballots that anyone can check. Knows no campaign; a ballot has a kind and a subject."""
