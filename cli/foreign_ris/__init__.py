"""A made-up RIS of another house, to see the widget in; must know nothing of Overread but its interface."""
