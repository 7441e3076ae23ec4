"""eAccounting (also sold as eEkonomi, Spiris and ePasseli): takes orders in as orders, invoices, drafts and quotes."""
