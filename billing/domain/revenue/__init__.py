"""When money is earned: recognition by day, and recurring revenue."""
