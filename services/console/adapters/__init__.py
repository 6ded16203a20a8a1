"""The console's edges: records to what they tell, documents wanted for it, and the outside that its pages ask."""
