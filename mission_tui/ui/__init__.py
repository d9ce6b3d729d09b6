"""The terminal screen: reads what the store holds, sends commands through the inbox, and never decides anything."""
