"""What is measured in processes of their own."""
