package CPANBridge::Compat::DBI::OracleTypes;

use strict;
use warnings;

use Scalar::Util ();

our $VERSION = '0.1.0';

# The numbers are those of Oracle's call interface.
my %CONSTANT = (
    ora_types => {
        ORA_VARCHAR2 => 1,  ORA_NUMBER => 2,  SQLT_INT => 3,   SQLT_FLT => 4,  ORA_STRING => 5, ORA_LONG => 8, ORA_ROWID => 11,
        ORA_DATE     => 12, ORA_RAW    => 23, ORA_LONGRAW => 24, ORA_CHAR => 96, ORA_CHARZ => 97, ORA_MLSLABEL => 105, ORA_XMLTYPE => 108,
        ORA_CLOB     => 112, ORA_BLOB => 113, ORA_RSET => 116, ORA_VARCHAR2_TABLE => 201, ORA_NUMBER_TABLE => 202, SQLT_CHR => 1, SQLT_BIN => 23,
    },
    ora_session_modes =>
      { ORA_SYSDBA => 2, ORA_SYSOPER => 4, ORA_SYSASM => 32_768, ORA_SYSBACKUP => 131_072, ORA_SYSDG => 262_144, ORA_SYSKM => 524_288 },
    ora_fetch_orient => {
        OCI_FETCH_CURRENT => 1, OCI_FETCH_NEXT => 2, OCI_FETCH_FIRST => 4, OCI_FETCH_LAST => 8, OCI_FETCH_PRIOR => 16,
        OCI_FETCH_ABSOLUTE => 32, OCI_FETCH_RELATIVE => 64,
    },
    ora_exe_modes => { OCI_STMT_SCROLLABLE_READONLY => 8 },
    ora_fail_over => {
        OCI_FO_END => 1, OCI_FO_ABORT => 2, OCI_FO_REAUTH => 4, OCI_FO_BEGIN => 8, OCI_FO_ERROR => 16, OCI_FO_NONE => 1,
        OCI_FO_SESSION => 2, OCI_FO_SELECT => 4, OCI_FO_TXNAL => 8, OCI_FO_RETRY => 25_410,
    },
    '' => { SQLCS_IMPLICIT => 1, SQLCS_NCHAR => 2 },
);

# There is no library of Oracle's here; programs ask whether its version is new enough.
my $OCI = Scalar::Util::dualvar( 19.0, '19.0.0.0' );

# Makes the constants subs of a package; returns the tags of its export list.
sub define {
    my ($package) = @_;
    my %tag;
    no strict 'refs';
    for my $tag ( keys %CONSTANT ) {
        my $of = $CONSTANT{$tag};
        for my $name ( keys %$of ) {
            my $value = $of->{$name};
            *{"${package}::$name"} = sub () {$value};
        }
        $tag{$tag} = [ sort keys %$of ] if length $tag;
    }
    *{"${package}::ORA_OCI"} = sub () {$OCI};
    push @{ $tag{ora_types} }, 'ORA_OCI';
    return %tag, ora_charset => [qw(SQLCS_IMPLICIT SQLCS_NCHAR)];
}

# What values of DBI's types are bound as; all others go as text, which the server makes a value of.
my %OF_DBI = ( -2 => 23, -3 => 23, -4 => 24, 30 => 113, 40 => 112 );
sub of_dbi { my ($type) = @_; return defined $type && $OF_DBI{$type} || 0 }

my %KNOWN = map { ( $_ => 1 ) } values %{ $CONSTANT{ora_types} };
sub is_known { return $KNOWN{ $_[0] } }

my %BYTES = map { ( $_ => 1 ) } 23, 24, 113;
sub is_bytes { return $_[0] && $BYTES{ $_[0] } }

# DBI's numbers of the server's types; others are told as what is left when -9000 is subtracted.
my %DBI_TYPE = (
    1 => 12, 2 => 3, 3 => 4, 8 => -1, 11 => -9104, 12 => 93, 23 => -2, 24 => -4, 96 => 1, 100 => 7, 101 => 8, 112 => 40, 113 => 30, 187 => 93,
    188 => 95, 189 => 107, 190 => 110, 232 => 95, 208 => -9104,
);
sub dbi_type { my ($type) = @_; return exists $DBI_TYPE{$type} ? $DBI_TYPE{$type} : -9000 - $type }

# Which columns have large values, or something that is no value.
my %SPECIAL = map { ( $_ => 1 ) } 8, 24, 112, 113, 114, 116;
sub is_special { return $SPECIAL{ $_[0] } }

my @STATEMENT = qw(SELECT UPDATE DELETE INSERT CREATE DROP ALTER BEGIN DECLARE CALL);
my %STATEMENT = ( WITH => 1, MERGE => 16, map { ( $STATEMENT[$_] => $_ + 1 ) } 0 .. $#STATEMENT );
sub statement_type { my ($word) = @_; return $STATEMENT{ defined $word ? $word : '' } || 0 }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::OracleTypes - numbers of types and other constants of Oracle's

=head1 DESCRIPTION

Used by the replacement of L<DBD::Oracle>; programs have no need of it.

=head1 FUNCTIONS

=head2 define

Makes the constants subs of a package.

=head2 of_dbi

Returns the number of the type that values of a type of DBI's are bound as.

=head2 is_known

Returns whether a number is one of a type.

=head2 is_bytes

Returns whether values of a type are bytes.

=head2 dbi_type

Returns DBI's number of a type of the server's.

=head2 is_special

Returns whether columns of a type have large values, cursors or handles.

=head2 statement_type

Returns the number of a kind of statement, by its first word.

=cut
