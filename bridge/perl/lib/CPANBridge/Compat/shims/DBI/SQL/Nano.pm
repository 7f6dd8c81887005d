package DBI::SQL::Nano;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::DBI::NanoEngine;

our $VERSION;
BEGIN { $VERSION = '1.015544' }

# Which engine it is to be is decided once, when the first driver that needs one is loaded.
our $versions = { nano_version => $VERSION };
{
    my $other = !$ENV{DBI_SQL_NANO} && eval { local $SIG{__DIE__}; require SQL::Statement; require SQL::Eval; SQL::Statement->VERSION('1.400') };
    $versions->{statement_version} = SQL::Statement->VERSION if $other;
    @DBI::SQL::Nano::Statement::ISA = $other ? 'SQL::Statement'   : 'DBI::SQL::Nano::Statement_';
    @DBI::SQL::Nano::Table::ISA     = $other ? 'SQL::Eval::Table' : 'DBI::SQL::Nano::Table_';
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::SQL::Nano - the SQL engine of drivers for files, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:DBM:f_dir=/srv/data', '', '', { RaiseError => 1 } );
    my $rows = $dbh->selectall_arrayref( 'SELECT name, phone FROM staff WHERE name LIKE ? ORDER BY name', undef, 'A%' );

    BEGIN { $ENV{DBI_SQL_NANO} = 1 }    # even where SQL::Statement is installed

=head1 DESCRIPTION

The engine that L<DBD::DBM>, L<DBD::Mem> and drivers built on L<DBI::DBD::SqlEngine> or L<DBD::File> use where the module
SQL::Statement is not installed. Where it is, in version 1.400 or later, they use that, unless the environment variable
C<DBI_SQL_NANO> is set.

=head1 THE SQL

    CREATE TABLE table ( column [ type and constraints ], ... )
    DROP TABLE [ IF EXISTS ] table
    INSERT [ INTO ] table [ ( column, ... ) ] VALUES ( value, ... ) [, ( ... ) ]
    UPDATE table SET column = value, ... [ WHERE condition ]
    DELETE FROM table [ WHERE condition ]
    SELECT [ DISTINCT ] * | value [ [ AS ] name ], ... FROM table [ WHERE condition ]
        [ ORDER BY column [ ASC | DESC ], ... ] [ LIMIT number [ OFFSET number ] ]

Types and constraints in C<CREATE TABLE> mean nothing. A value is a placeholder (C<?>), a string in single quotes (one in
it is written twice), a number, C<NULL>, a column, or computed of such with C<+ - * / % ||> and parentheses. Names in double
quotes are taken as they are; others are looked up without regard to case.

A condition is made of C<= E<lt>E<gt> E<lt> E<lt>= E<gt> E<gt>=>, C<IS NULL> (true of empty strings, too), C<IN>, C<BETWEEN>, C<LIKE> and C<CLIKE>
(which disregards case) with C<AND>, C<OR>, C<NOT> and parentheses. What are numbers on both sides is compared as numbers, everything
else as strings. A comparison with NULL is not true, and neither is its contrary.

=head1 COVERED

The classes C<DBI::SQL::Nano::Statement> and C<DBI::SQL::Nano::Table> to inherit from; C<DBI::SQL::Nano::Statement_> and
C<DBI::SQL::Nano::Table_>, the engine itself.

=head1 NOT COVERED

Joins, functions, C<GROUP BY> and temporary tables: SQL::Statement has them, and the error says so.

=head1 KNOWN DIFFERENCES

Conditions with C<AND> and C<OR>, several columns to order by, C<LIMIT>, C<DISTINCT>, computed values, commas and quotes in strings, and
quoted names are errors with the original's engine. The hash that a parsed statement is has other keys, except C<command>,
C<table_name> and C<column_names>.

=head1 SEE ALSO

L<DBI::DBD::SqlEngine>, L<DBD::DBM>, L<DBI>

=cut
