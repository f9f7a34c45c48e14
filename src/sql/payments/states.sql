-- How many payments are in each state. No parameters. Columns: state, number. Called by payments/store.rs.
select status::text, count(*)
  from payments.transactions
 group by status
