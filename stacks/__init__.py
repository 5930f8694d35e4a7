"""Where things run: stack definitions, their registration, our component flavors."""
