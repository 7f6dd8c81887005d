package DBI::DBD::Metadata;

use strict;
use warnings;

use Carp     ();
use Exporter ();

use DBI ();
use DBI::Const::GetInfoType qw(%GetInfoType);

our $VERSION = '2.014214';
our @ISA     = 'Exporter';
our @EXPORT  = qw(write_getinfo_pm write_typeinfo_pm);

$Carp::Internal{ (__PACKAGE__) }++;

# What was given, or what is on the command line: data source, user, password, driver; and the connection.
sub _connected {
    my ( $function, @given ) = @_;
    @given = @ARGV if !@given;
    my ( $dsn, $user, $password, $driver ) = @given;
    $dsn = $ENV{DBI_DSN} if !defined $dsn || !length $dsn;
    Carp::croak("Usage: $function(\$dsn, \$user, \$password, \$driver)") if !defined $dsn || !defined $driver;
    Carp::croak("$function: '$driver' is not the name of a driver: it is what follows DBD::") if $driver !~ /\A\w+(?:::\w+)*\z/;
    return ( $driver, DBI->connect( $dsn, $user, $password, { RaiseError => 1, PrintError => 0 } ) );
}

sub _literal {
    my ($value) = @_;
    return 'undef' if !defined $value;
    return $value if $value =~ /\A(?:0|-?[1-9]\d{0,14})\z/;
    ( my $text = "$value" ) =~ s/([\\'])/\\$1/g;
    return "'$text'";
}

# What is another driver's, or this connection's, and must not be written down as it is.
my %BY_SUB = (
    SQL_DRIVER_NAME      => sub { return "'DBD/$_[0].pm'" },
    SQL_DRIVER_VER       => sub { return "sub { return \$DBD::$_[0]::VERSION }" },
    SQL_DATA_SOURCE_NAME => sub { return "sub { return 'dbi:$_[0]:' . \$_[0]{Name} }" },
    SQL_USER_NAME        => sub { return 'sub { return $_[0]{Username} }' },
);

sub write_getinfo_pm {
    my ( $driver, $dbh ) = _connected( 'write_getinfo_pm', @_ );
    my ( @lines, %seen );
    for my $name ( sort { $GetInfoType{$a} <=> $GetInfoType{$b} || $a cmp $b } keys %GetInfoType ) {
        next if $seen{ $GetInfoType{$name} }++;
        my $value = eval { local $SIG{__WARN__} = sub { }; $dbh->get_info( $GetInfoType{$name} ) };
        next if !defined $value;
        my $literal = $BY_SUB{$name} ? $BY_SUB{$name}->($driver) : _literal($value);
        push @lines, sprintf "    %6d => %-20s # %s\n", $GetInfoType{$name}, "$literal,", $name;
    }
    $dbh->disconnect;
    print _header( $driver, 'GetInfo', 'get_info' ), "our \$VERSION = '0.01';\n\n",
      "# By the numbers of types of information; a sub is called with the handle.\n", "our %info = (\n", @lines, ");\n\n1;\n",
      _hint(
        $driver, 'sub get_info {',
        '    my ( $dbh, $type ) = @_;',
        "    require DBD::${driver}::GetInfo;",
        "    my \$value = \$DBD::${driver}::GetInfo::info{ int \$type };",
        q{    return ref $value eq 'CODE' ? $value->($dbh) : $value;}, '}'
      );
    return;
}

sub write_typeinfo_pm {
    my ( $driver, $dbh ) = _connected( 'write_typeinfo_pm', @_ );
    my ( $index, @types ) = @{ $dbh->type_info_all || [] };
    $dbh->disconnect;
    Carp::croak('write_typeinfo_pm: the driver tells nothing of types') if !$index || !@types;
    my @columns = sort { $index->{$a} <=> $index->{$b} } keys %$index;
    my %symbol  = _symbols();
    my %is_type = map { $_ => 1 } qw(DATA_TYPE SQL_DATA_TYPE);
    my @rows;
    for my $type (@types) {
        my @values = ref $type eq 'HASH' ? @$type{@columns} : @$type[ map { $index->{$_} } @columns ];
        my @text = map {
            my $value = $values[$_];
            $is_type{ $columns[$_] } && defined $value && $symbol{$value} ? $symbol{$value} : _literal($value)
        } 0 .. $#columns;
        push @rows, '    [ ' . join( ', ', @text ) . " ],\n";
    }
    my %used = map { $_ => 1 } map { /\b(SQL_\w+)\b/g } map { s/'[^']*'//gr } @rows;
    print _header( $driver, 'TypeInfo', 'type_info_all' ),
      %used ? 'use DBI qw(' . join( ' ', sort keys %used ) . ");\n\n" : '',
      "our \$VERSION = '0.01';\n\n", "our \$type_info_all = [\n    {\n",
      ( map { sprintf "        %-20s => %d,\n", $columns[$_], $_ } 0 .. $#columns ), "    },\n", @rows, "];\n\n1;\n",
      _hint(
        $driver, 'sub type_info_all {',
        '    my ($dbh) = @_;',
        "    require DBD::${driver}::TypeInfo;",
        "    return [ \@\$DBD::${driver}::TypeInfo::type_info_all ];", '}'
      );
    return;
}

# Names of types by their numbers: the shortest where there are several.
sub _symbols {
    my %symbol;
    for my $name ( sort { length $b <=> length $a || $b cmp $a } @{ $DBI::EXPORT_TAGS{sql_types} } ) {
        my $number = DBI->can($name)->();
        $symbol{$number} = $name;
    }
    delete $symbol{0};
    return %symbol;
}

sub _header {
    my ( $driver, $what, $method ) = @_;
    my $use = $what eq 'GetInfo' ? "\nuse DBD::$driver ();\n" : '';
    return "package DBD::${driver}::$what;\n\n# What $method answers. Made by DBI::DBD::Metadata on " . localtime()
      . ";\n# look at each value before it is used.\nuse strict;\nuse warnings;\n$use\n";
}

sub _hint {
    my ( $driver, @lines ) = @_;
    return "\n__END__\n\nFor the package DBD::${driver}::db:\n\n", map { "$_\n" } @lines;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::DBD::Metadata - writes what a driver tells of itself, by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    perl -MCPANBridge::Compat -e 'use DBI::DBD::Metadata; write_getinfo_pm' dbi:ODBC:name user password Driver \
        > lib/DBD/Driver/GetInfo.pm

=head1 DESCRIPTION

For authors of drivers: asks another driver, one that knows the database well, what C<get_info> and C<type_info_all> are to
answer, and writes a module of it to the standard output. Plain Perl. What is asked is a driver that DBI can load here.

=head1 COVERED

Both functions, with arguments, with those of the command line, and with the environment's C<DBI_DSN>.

=head1 KNOWN DIFFERENCES

The modules hold the same data in another layout; the method that belongs into the driver stands after their C<__END__>.

=head1 FUNCTIONS

=head2 write_getinfo_pm

=head2 write_typeinfo_pm

=head1 SEE ALSO

L<DBI>, L<DBI::Const::GetInfoType>

=cut
