"""Everything that reads rows: Ibis expressions, one engine behind them."""
