"""Every sentence a page says, in Chinese and English, from one catalogue; must not know pages or HTML."""
