"""What a trained model goes by: columns, and what it sees in pictures."""
