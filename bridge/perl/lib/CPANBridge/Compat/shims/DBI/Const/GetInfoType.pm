package DBI::Const::GetInfoType;

use strict;
use warnings;

use Exporter ();

use DBI::Const::GetInfo::ANSI ();
use DBI::Const::GetInfo::ODBC ();

our @ISA     = 'Exporter';
our @EXPORT  = '%GetInfoType';
our $VERSION = '2.0';

our %GetInfoType = ( %DBI::Const::GetInfo::ANSI::InfoTypes, %DBI::Const::GetInfo::ODBC::InfoTypes );

1;

__END__

=encoding utf8

=head1 NAME

DBI::Const::GetInfoType - the numbers of what get_info tells, by their names

=head1 DESCRIPTION

Part of L<DBI> as CPANBridge serves it. Exports C<%GetInfoType>:

    my $name = $dbh->get_info( $GetInfoType{SQL_DBMS_NAME} );

=cut
