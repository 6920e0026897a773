"""The workbooks that units are sent to fill in: a form laid out on sheets, with what is known of the sender in it.

Belongs here: what stands where in a form's workbook, filled in or not, and its bytes. What comes back is read by
`intake`.
"""
