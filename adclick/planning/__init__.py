"""What a run will take and cost, said before it starts: measured rates times the data's size."""
