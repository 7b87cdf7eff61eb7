"""Fourth floor: campaigns, their demands, tipping pledges, and the mandate a strike vote gives them."""
